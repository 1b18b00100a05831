"""Phrases of deep work: architecture, coordinated changes, novel algorithms, open requirements.

Rows for `sef.routers.words.Phrases`; a `_TOO` row holds weak ones.
"""

from __future__ import annotations

from typing import Final

_THINGS: Final = (
    "(?:services|modules|packages|components|layers|endpoints|repos|repositories|apps|clients"
    "|tables|teams|front-?ends|back-?ends|platforms|call sites|callers|queries|projects|stages)"
)
_WHOLE: Final = (
    "(?:code-?base|code base|system|project|application|app|backend|frontend|stack|product"
    "|platform|pipeline|repo|repository|server|monorepo)"
)

ARCHITECTURE: Final = (
    "global state / god (?:class|object) / spaghetti / technical debt / tech debt"
    " / rework (?:how|the way|our|the) / what could go wrong"
    r" / how should we (?:structure|organi[sz]e|split) / architect\w* / (?:re|re-)architect\w*"
    r" / redesign\w*"
    r" / restructure (?:the|our|this) (?:\w+ layer|repo\w*|code\w*|project|app\w*|data\w*)"
    r" / module boundar\w+ / bounded contexts? / separation of concerns / layering"
    " / multi[- ]region / roll out a / breaking changes? / what has to change"
    " / isolation level / generali[sz]e (?:the|our|this) / model the (?:domain|data) / cyclic"
    r" / acyclic / deprecat(?:e|ion) (?:of|plan|strategy) / monolith\w* / microservices?"
    r" / event[- ]sourc\w+ / event[- ]driven / cqrs / data model (?:for|of) / source of truth"
    r" / single point of failure / topology / domain model\w*"
    " / plug-?in (?:system|api|architecture) / road-?map (?:for|to|of) / trade-?offs?"
    r" / pros and cons / rethink\w* / reshap\w+ / (?:re|re-)think the"
    " / migration (?:plan|strategy|path) / offline[- ]first / offline support / sharding"
    r" / shards? / partitioning / multi-?tenan\w+ / tenan(?:ts?|cy) / fail-?over"
    " / disaster recovery / zero[- ]downtime / without (?:any )?downtime / flag day"
    " / system design / design (?:docs?|document|proposal) / technical design / tech stack"
    " / schema evolution / versioning (?:strategy|scheme|policy) / version our"
    r" / what can go wrong / high availability / fault[- ]toleran\w+ / ingest\w* \d+"
    " / change (?:the|our) (?:whole |entire )?approach / different strategy"
    " / different approach"
    r" / compare \w+ (?:\w+ )?(?:with|to|and|against) (?:\w+ )+and recommend"
    r" / losing an? (?:region|zone|node|disk|server) / single sign-?on / federat\w+"
    r" / migrat\w+ (?:away|off) / keep \w+ or / versus / decide (?:whether|if|between|on|how)"
    r" / overall structure / project structure / strategic\w* / long-?term (?:plan|design)"
    " / sync or async"
    r" / should (?:we|i|it|the \w+) (?:\w+ ){1,6}or (?!not|is|do|should|can)\w+"
    " / capacity planning / extension points?"
)

ARCHITECTURE_TOO: Final = (
    r"structured? / structur\w+ / boundar\w+ / consequences / over the next / architecture"
    r" / alternatives / recommend\w* / propos(?:e|al|als) / evaluate / strateg(?:y|ies)"
    r" / layers? / scal(?:e|able|ability) / decoupl\w+ / coupling / long[- ]term / rollout"
    " / roll-?back / split / should we / should (?:the|our|it) / think it through / services"
    " / concepts? / guarantees? / what breaks / existing users / costs / compare"
)

WIDE: Final = (
    r"keeping (?:the )?(?:results?|behaviou?r|output|semantics|data) (?:\w+ )?(?:identical"
    "|unchanged|the same) / without (?:missing|doubling|duplicating|dropping|corrupting)"
    " / without (?:stopping|breaking|losing|blocking|interrupting|locking|restarting|taking) / "
    + (
        r"migrat(?:e|ing) (?!the (?:readme|docs))\w+"
        " / rewrit(?:e|ing) (?!the (?:readme|docs|doc|comment|comments|docstring|docstrings"
        "|sentence|paragraph|message|text|description|intro|section|commit|prompt|changelog"
        r"|title|heading|query string|history|all\b|\d))\w+ / rewritten in / overhaul\w*"
        r" / moderni[sz]\w+ / port (?:the|this|our|it) \w+"
        r" / port (?:the|this|our) (?:\w+ )+(?:to|from) / across (?:\w+ )?(?:\w+ )?"
    )
    + _THINGS
    + (" / across the (?:whole |entire )?")
    + _WHOLE
    + (
        " / across the (?:gateway|board|stack|organi[sz]ation)"
        r" / throughout (?:the|our|this) \w+"
        r" / (?:several|multiple|many|various)(?: of)?(?: the| our)?(?: \w+)? "
    )
    + _THINGS
    + (
        " / every table / (?:several|multiple|many|various|nearly all|most) (?:files|places)"
        " / (?:whole|entire) "
    )
    + _WHOLE
    + (
        " / everywhere: / end to end,"
        r" / from (?:\w+ )?(?:callbacks|rest|javascript|python 2|sync|opengl|http|mysql|mongo\w*"
        r"|postgres\w*|webpack|class\w*|integers?|nuxt|angular|vue|react|django|flask|java|php"
        r"|ruby)(?: \w+){0,2} to / backwards?[- ]compat\w+ (?!with the existing api\. we)\w+"
        " / (?:old|existing|running) (?:clients|deployments?|tokens) / breaks? a running"
        " / one in all / in (?:the )?whole (?:backend|frontend|code-?base|project|repo)"
        " / in (?:nearly )?all (?:the )?(?:services|modules|packages|repos|apps)"
        r" / callers depend / interdependen\w+ / coordinat\w+"
        r" / upgrade (?:\w+ ){1,4}from \S+ to / major version"
        " / swap (?:out )?the (?:orm|database|framework|engine|backend|build) / live database"
        " / today everything / everything assumes / unify (?:the|all|our)"
    )
)

WIDE_TOO: Final = (
    (r"(?:all|every|each)(?: of)?(?: the| our)?(?: \w+)? ")
    + _THINGS
    + (
        " / across / throughout / everywhere / respect / jobs / unify / convert / change"
        " / rename / in order / in an order / integers / uuids"
    )
)

NOVEL: Final = (
    r"reliably / relevance / fuzzy (?:search|match)\w* / typo[- ]toleran\w+"
    r" / reconcile (?!all|merge|the merge|conf)\w+ / recover(?:s|y)? (?:after|from)"
    r" / (?:novel|new|better|own|custom|another|different|efficient) algorithm\w*"
    r" / algorithm\w* / novel / new algorithm\w* / better algorithm\w* / own algorithm"
    r" / another algorithm / lock[- ]free / wait[- ]free / crdts? / operational transform\w*"
    " / consensus / raft / paxos / distributed / vector clocks? / merkle / bloom filters?"
    r" / garbage collect\w+ / allocator\w* / register alloc\w+ / jit / compilers?"
    " / interpreter for / incremental parser / our query language / query language / dsl"
    " / grammar for / type (?:inference|checker for|system) / constraint solver / solver"
    r" / sat / smt / heuristics? / approximat\w+ / provabl[ey]"
    r" / prov(?:e|es|ing) (?!to me|that (?:it|this) (?:works|is done))\w+ / prove when"
    r" / disprove / proofs? / associativ\w+ / commutativ\w+ / invariants?"
    r" / formal(?:ly)? (?:verif|spec)\w* / numerical(?:ly)? / floating[- ]point / float sums"
    r" / gradients? (?:of|by|descent) / backward pass / backprop\w* / derive (?:the|a)"
    " / closed form / combinatorial / np-hard / from scratch"
    r" / state of the art (?:model|method|result)\w* / invent / scheduler / preempt\w*"
    r" / fair (?:schedul|queue)\w* / ranking (?:for|of|function|algorithm) / b-trees?"
    r" / ring buffer / write-ahead / replication / snapshot isolation / linearizab\w+"
    r" / serializab\w+ / bounded memory / streaming (?:algorithm|quantile)\w*"
    r" / near-duplicate\w* / detect (?:near|anomal|fraud|duplicate)\w* / recommender"
    r" / clustering / argue why / recovers from errors / merges? (?:concurrent|two|both) \w+"
    " / gamed / undo (?:even )?mean / leasing"
)

NOVEL_TOO: Final = (
    "implement / semantics / statistical / correctness / bounded / optimal / lease / membership"
)

OPEN: Final = (
    "where (?:it makes sense|appropriate|useful|possible|sensible) / everywhere it makes"
    " / somehow / do (?:what|as) you think / whatever (?:you|helps|works|it takes)"
    " / you decide / your call / up to you / you know what i mean / as you see fit"
    " / not (?:yet )?sure (?:yet )?(?:what|how|why|whether|if) (?!it'?s? (?:possible"
    r"|there))\w+ / not sure yet / not sure exactly / some kind of / some sort of / sort of a"
    " / something (?:like that|better|nicer|about it|we could|that feels|cool|more)"
    " / do something / and so on / a mess / a bit of a mess / messy"
    r" / make (?:it|this|that|things|the \w+|everything) (?:\w+ ){0,3}(?:better|nicer|great|good"
    "|perfect|beautiful|awesome|smarter|robust|professional|clean|cleaner|solid|work better"
    r"|production[- ]ready|enterprise\w*|user[- ]friendly)(?!\s+(?:to|with|by|for|than|in)\b)"
    " / improve (?:it|this|things|everything|the (?:code(?: quality)?|project|quality|design"
    "|app|application|ux|ui|experience|user experience|system|architecture|product"
    "|code-?base))"
    r" / (?:is|are|feels?|looks?) (?:\w+ )?(?:bad|ugly|awful|terrible|clunky|horrible)"
    r" / find (?:\w+ )?(?:product|app|tool) confusing"
    " / clean (?:it|this|everything|the (?:code|project|repo|code-?base)) up"
    " / clean up the (?:code|code-?base|project|repo|mess)"
    r" / feel(?:s)? (?:more|less|better) \w+ / be (?:smarter|more robust|better|nicer|faster)"
    " / more robust / rock[- ]solid / bullet-?proof / air-?tight"
    " / production[- ](?:ready|grade)"
    " / ready (?:for|to) (?:production|ship|sell|launch|publish) / something we could"
    " / figure out what / figure out (?:a|how to) / best possible way"
    " / what (?:improvements|changes) (?:can|could|would|should) / possible improvements"
    " / find improvements / work out (?:how|what|a|the|why)"
    " / think (?:hard|deeply|deep|carefully|about how|it over|of a (?:plan|way))"
    r" / be thorough / thorough(?:ly)? (?:review|analy|investigat|audit)\w* / brainstorm\w*"
    " / come up with / what would (?:it take|need to) / smarter"
    r" / (?:make|fix|convert|change) everything / all possible / adapts? to / self-?heal\w*"
    " / learns? (?:from|over) / in detail full / (?:existing|every) possible"
    " / implement everything / fix everything / everything possible / readiness"
    " / can't (?:really )?describe / cant (?:really )?describe"
)

OPEN_TOO: Final = "better / nicer / something / improve / cleaner / quality / whatever / ambiguous"
