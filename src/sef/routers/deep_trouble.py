"""Phrases of deep trouble: subtle bugs and their causes, performance, security.

Rows for `sef.routers.words.Phrases`; a `_TOO` row holds weak ones.
"""

from __future__ import annotations

from typing import Final

_MUCH: Final = r"(?:\w+ )?(?:memory|cpu|ram|bandwidth|queries|disk|time|requests|space)"

_NUMBER: Final = (
    r"(?:\d[\d.,]*|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty"
    "|thirty|forty|fifty|sixty|ninety|half an?|several|a few|under an?|less than an?)"
)
_UNIT: Final = "(?:ms|msecs?|milliseconds?|s|secs?|seconds?|mins?|minutes?|hours?|h|days?|[mg]i?b)"
_RISES: Final = (
    r"(?:creep\w*|crept|climb\w*|gr[eo]w\w*|ris(?:es?|ing|en)|rose|swell\w*|balloon\w*"
    r"|increas(?:es|ed|ing)|accumulat\w+|piles? up|fills? up|goes up|going up|keeps? \w+ing)"
)
# Something rises little by little, till something else ends it.
_EXHAUSTED: Final = (
    rf"(?:memory|heap|rss|ram|swap|handles|descriptors|sockets|connections|threads|goroutines) "
    rf"(?:\w+ ){{0,5}}{_RISES} / (?:creep|creeps|creeping|crept) up / more and more"
    " / longer and longer / slower and slower"
    " / (?:kernel|oom killer|watchdog|system) (?:kills|killed|reaps) (?:it|the)"
    r" / killed by the / until (?:it|they|the \w+|nothing|everything) (?:dies|crash\w*|fails"
    r"|hangs|stops|is (?:killed|restarted|out of)|runs? out|kills|restarts?|locks|works)"
    " / (?:runs?|running|ran) out of (?:memory|disk|file|handles|sockets|connections|space|threads)"
)

SUBTLE: Final = (
    "but only (?:in|on|through|from|over|via|for|when|if|with|after|at) / replicas?"
    " / leader election / quorum / falls over"
    r" / (?:share|subset|fraction|percentage|handful) of (?:the |our )?\w+"
    r" / (?:two|several|multiple) \w+ (?:editing|writing|running|using|updating|at)"
    " / in isolation / each other's (?:changes|edits|work|data|writes)"
    r" / every (?:few|couple of) \w+ / flicker\w* / hours late / on the wrong day"
    " / what triggers / race conditions? / races / racy / data races? / race between / a race"
    r" / the race / deadlock\w* / livelock\w* / wait(?:s|ing)? for (?:each|one) (?:an)?other"
    r" / waits? forever / starv\w+ / memory leaks? / leaks? / leaking / flak(?:y|ies|ey|iness)"
    r" / intermittent\w* / sporadic\w* / heisenbug\w* / non-?determinis\w+ / indeterminis\w+"
    r" / randomly (?!generat|pick|select|chos|assign)\w+ / at random"
    r" / random (?:crash|fail|hang|freez|logout|error|timeout|disconnect)\w*"
    r" / seem\w* (?:quite |very |so )?random / occasional\w* / every (?:now and then|so often)"
    r" / once (?:in a while|or twice|every|per|an?) \w+ / once in a while / about once"
    r" / now and then / from time to time / one (?:time )?in (?:\d+|ten|a hundred|thirty)"
    r" / not always / not every time / not reproduc\w+"
    " / (?:can't|can not|couldn't|could not|doesn't|does not|don't"
    r"|do not) (?:be )?reproduc\w+ / cannot (?:be )?reproduc\w+ / hard to reproduce"
    r" / unreproduc\w+"
    r" / only (?:in|on|under|with) (?:prod\w*|ci|release|the server|load|windows|mac\w*|linux"
    r"|some|certain|staging|arm|safari) / release builds? only / (?:in|on) prod\w* only"
    r" / under (?:heavy |high )?load / segfault\w* / segmentation fault / memory corruption"
    r" / corrupt\w* / data loss"
    r" / los(?:e|es|ing|t) (?:\w+ )?(?:data|work|updates|events|messages|writes|rows"
    r"|customers) / eats (?:\w+ )?work / overwrit\w+ (?:the|each|one) / silent(?:ly)?"
    " / no (?:error|errors|trace|stack ?trace|exception|logs?|clue|idea why|pattern|warning"
    r"|message) (?:\w+ )?(?:anywhere|at all|in the (?:log|logs|console)|shown)"
    " / no stack ?trace / without (?:any )?(?:error|trace|exception)s? / no errors? anywhere"
    " / (?:nothing|none) in (?:the )?(?:sentry|logs?|console)"
    r" / nothing (?:is |was |gets )?logged / most don't / double[- ]book\w* / reproducible"
    " / to the last bit / bit for bit / edge cases / out of order"
    " / (?:two|several|multiple|many) (?:people|users|clients|writers|processes|workers)"
    r" / at once / guarantee\w* / in parallel / parallel \w+ / twice, / nan / unresponsive"
    " / restarts every / yesterday's / nobody gets an error"
    " / logs (?:look|are|seem) (?:clean|fine|ok|empty)"
    " / (?:can't|cannot|can not|don't|could not|couldn't) (?:see|find|spot) (?:a|any"
    r"|the) (?:pattern|cause|reason) / hangs / hanging / hang / freez\w+ / froze / stalls?"
    r" / (?:gets?|getting|is) stuck / drift\w* / clock skew"
    " / stale (?:data|cache|value|values|read|reads|results?)"
    " / subtle (?:bug|issue|error|problem|race|difference|behaviou?r|timing)s? / subtly"
    r" / tricky / mysterious\w* / strang(?:e|ely) / weird(?:ly)? behaviou?r / weird bug"
    " / keeps? (?:crashing|dying|disappearing|coming back) / comes? back after"
    r" / some (?:\w+ )?but not (?:for )?(?:others|all) / for some (?:people|users|customers)"
    " / some (?:people|users|customers) (?:get|see|are|report) / twice a (?:day|week|year)"
    r" / several times a / fixed (?:it )?(?:\w+ ){0,2}(?:times|before) / disagree\w*"
    r" / concurren\w+ / thread[- ]?saf\w+ / (?:re|re-)entran\w+ / atomic(?:ity|ally)"
    r" / exactly[- ]once / at[- ]least[- ]once / idempoten\w+ / crash[- ]?saf\w+"
    r" / torn writes? / valgrind / double[- ](?:charge\w*|spend\w*|free)"
    " / (?:captured|charged|sent|delivered|processed|counted|executed) (?:twice|more than once"
    "|several times) / more than once / differs? (?:between|from run)"
    " / different results? (?:on|each|every|from|between)"
    r" / consistency (?:guarantee|model|level|between|of)\w* / eventual\w* consisten\w+"
    " / read-your-writes"
    r" / off by (?:a|one|some) (?:few |couple |cents?|penn\w+|hours?|days?|pixels?)\w*"
    r" / accuracy (?:drop|fell|went|decreas)\w*"
    " / (?:some|any) kind(?:a| of)? (?:of )?(?:error|bug|issue|problem)"
    r" / (?:of|is) some kinda? / broken in ways / rebalanc\w+"
    " / works? (?:on my machine|locally but|alone|for me but)"
    " / " + _EXHAUSTED
)

SUBTLE_TOO: Final = (
    r"sometimes / some ?times / somtimes / somtime / randomly / wrong / twice / disappear\w*"
    r" / vanish\w* / inconsistent\w* / duplicat\w+ / misses / crash\w* / breaks? / broken"
    " / fails? / bug / bugs / weird / stale / returns / locally / timezones? / daylight / dst"
    r" / overlap\w* / does not happen / not clear / autosave / unexpected\w*"
)

CAUSE: Final = (
    r"find out (?:what|why|how|where|which|when|who)\w* / root[- ]cause\w* / get to the bottom"
    r" / track (?:it|this|that|the \w+)? ?down"
    r" / (?:find|identify|determine|locate) (?:\w+ ){0,2}(?:cause|source\w*|culprit|reason)"
    r" / (?:identify|determine) the (?:source|cause)\w*"
    " / find (?:out )?(?:the )?(?:real )?(?:problem|reason|cause) / find out why"
    " / figure out why / no (?:idea|clue) (?:why|how|what) / diagnos(?:e|is) (?:the|why|what)"
    " / reason about / explain how (?:it|this) (?:can|could) happen / post-?mortem"
)

# It took less time, or less of something, before; or it should take so little again.
_GROWN: Final = (
    "(?:went|goes|going|gone|jumped|jumps|rose|risen|grew|grown|climbed|crept|degraded|ballooned"
    rf"|slipped) (?:up )?from (?:about |around |under )?{_NUMBER} {_UNIT} to"
    r" / as (?:the |our |its |more )?(?:\w+ )?(?:data|tables?|input|traffic|load|catalogue|database"
    r"|dataset|volume|history|customers|users|rows|backlog) (?:\w+ )?(?:gr(?:ew|ows?|owing)"
    "|increase[sd]?|gets bigger|got bigger|came|come in|pile[sd]? up)"
    rf" / (?:get|bring|keep|push|cut) (?:it|them|this|that|the \w+|the \w+ \w+) (?:back )?"
    rf"(?:down )?(?:under|below|within) (?:about )?{_NUMBER} {_UNIT}"
    rf" / (?:get|bring) (?:it|them|this|that|the \w+|the \w+ \w+) back"
    rf" (?:down|(?:under|below|to|within) {_NUMBER})"
    " / used to take"
)

SPEED: Final = (
    r"optimi[sz]\w* (?!imports?|the (?:overview|wording|text|readme|docs|doc|prompt"
    r"|imports?))\w+ / speed (?:up|it up|things up|\w+ \w+ up) / speedup / vectori[sz]\w*"
    r" / paralleli[sz]\w* / cut (?:the )?(?:\w+ ){0,4}(?:in half|by half|by \d+)"
    r" / down by (?:half|\d+) / profil(?:e|ing) (?:the|our|this|it|why)"
    r" / make (?:it|this|the \w+) (?:\w+ )?(?:faster|quicker|scale)"
    r" / reduce (?:the )?(?:peak |tail |cold |overall )?(?:\w+ )?(?:memory|latency|allocations?"
    "|load time|startup|start-up|build time|cost|footprint|bandwidth)"
)

SPEED_SAID: Final = (
    r"(?:needs|uses|takes|eats) (?:up )?(?:\w+ )?(?:\d+ ?[gmt]b|memory|battery|disk|cpu)"
    r" / all cores / single-threaded / multi-?thread\w* / event loop / data structures? / "
    + (
        r"performan(?:ce|t) / bottlenecks? / slow(?!\s+down) / slower / slowly / slowness"
        r" / slowed / slowdown\w* / faster / quicker / sluggish\w* / laggy / lag / lags"
        r" / latency / latencies / throughput / p9[059]\w* / quadratic\w*"
        r" / exponential (?:time|blow\w*) / o[(][1nl]\w* / complexity / big-?o"
        " / too (?:much|many) "
    )
    + _MUCH
    + (
        r" / memory (?:usage|climb\w*|grow\w*|footprint) / peak memory / out of memory / oom"
        " / oom-?killed / use less / less (?:memory|ram|cpu) / forever / cache misses"
        " / hot (?:path|loop) / inner loop / data layout"
        r" / (?:takes?|took|taking) (?:\w+ )?(?:\d+|ten|several|many|a few|forever|ages|minutes"
        r"|hours|too long|so long|long)(?: ?(?:s|ms|sec\w*|min\w*|hours?))?"
        r" / running for (?:\w+ )?(?:hours?|ours|days?|ages)"
        r" / runs for (?:an? )?(?:hours?|minutes?) / query plan\w* / nested loop / million\w*"
        r" / billions? / per second / within (?:\d+|one|two) (?:ms|millisec\w*)"
        " / locks the (?:browser|ui|table) / locks (?:up|the biggest) / under a second"
        r" / (?:too|uses? too) much bandwidth / simd / gpu / numa / from \d+ ?ms to \d+"
        r" / scal(?:e|es|ing) (?:to|out|up|with|beyond|linearly) / scalab\w+ / groan\w*"
        " / high cpu"
    )
    + " / "
    + _GROWN
)

SPEED_TOO: Final = r"memory / peak / index(?:es)? / loop / cach(?:e|ing) / optimi[sz]\w+"

SECURITY: Final = (
    "is it safe / safe to (?:retry|run|call|delete|expose|share)"
    r" / can't be (?:read|guessed|changed) / aes\w* / rsa / ecdsa / bcrypt / argon2 / oidc"
    r" / saml / personal data / home-?grown auth / security / insecur\w+ / vulnerab\w+"
    r" / exploit\w* / sql injection / injection attacks?"
    " / (?:code|command|prompt|template|header|log) injection / injections? / xss / csrf"
    r" / ssrf / xxe / idor / rce / cve-\d+ / owasp / threats? / threat[- ]model\w* / attack\w*"
    r" / pen-?test\w* / penetration test\w* / privilege\w*"
    " / sandbox(?:es|ing)? (?:escape|for|the) / this sandbox / the sandbox / sandbox"
    r" / cryptograph\w* / crypto / encrypt\w* / decrypt\w* / nonces? / hmac\w* / macs"
    r" / timing (?:attack|side)\w* / side[- ]channel\w* / variable time / constant[- ]time"
    r" / harden\w* / untrusted / malicious\w* / hostile / tamper\w* / forg(?:e|ed|ery)"
    r" / spoof\w* / hijack\w* / secrets? (?:can|could|leak\w*|end|in (?:the )?logs?)"
    r" / leak (?:\w+ )?(?:secrets?|credentials?|tokens?|pii|data) / saniti[sz]\w*"
    r" / path traversal / deserializ\w+ of / gdpr / hipaa / pci / pii / compliance"
    r" / complian[ct]\w* / healthcare / medical / audit (?:the|our|this|all|every|for)"
    " / security audit / holes / safe against / abuse / bypassable / be bypassed"
    r" / user input (?:reach|flow|end)\w* / (?:reaches|into) a shell"
    " / other (?:people|user|customer|tenant)s?'?s?"
    r" / expose (?:my|our|the) (?:\w+ )?(?:token|secret|key|password|credential)s? / privacy"
    r" / legal\w* / laws? / replayed / brute[- ]force / zero[- ]trust / read another"
    " / another (?:tenant|user|customer)'?s? / row[- ]level / metadata service / run code on"
    r" / jailbreak\w* / denial of service / dos / predictable / supply[- ]chain"
)

SECURITY_TOO: Final = (
    "permissions? / roles? / secure / securely / safe / trust / leases? / tenant / user input"
    r" / assess / delegat\w+ / ordinary user"
)
