"""The verbs that a request begins with, by what they ask for."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from sef.routers.words import Phrases


class Act(StrEnum):
    """What a verb at the beginning of a clause means."""

    READ = "read"
    RUN = "run"
    WRITE = "write"
    """Code, unless what it is done to is a document."""
    CODE = "code"
    """Code, whatever it is done to."""
    JUDGE = "judge"
    DOCUMENT = "document"
    DESIGN = "design"
    AUDIT = "audit"


# What was printed is handed to who asked, not to another program.
_PRINTS: Final = (
    "(?:outputs?|results?|errors?|failures?|warnings?|findings|summary|numbers?|version|exit code"
    "|status|lines?|log|logs|list|table|traceback)"
)
_HANDED_BACK: Final = (
    rf" / paste (?:me |us |back |in )?(?:\w+ ){{0,3}}{_PRINTS}"
    r" / (?:report|post|share|relay) (?:me |us |back )?(?:the |its |their |any |all )(?:\w+ ){0,2}"
    rf"{_PRINTS}(?=\W*$|\W+(?:here|back|to me|to us|verbatim|in full|as is|if|and|then|of it)\b)"
    rf" / send (?:me|us) (?:\w+ ){{0,3}}{_PRINTS} / report back(?=\W*$)"
    r" / me know (?:if|whether|which|what|how many) (?:\w+ ){0,3}"
    r"(?:fail(?:s|ed)?|pass(?:es|ed)?|prints?|says|errors?|warnings?|succeed(?:s|ed)?)"
)

VERBS: Final = Phrases(
    (
        (
            Act.READ,
            "show(?: me)? / list / find / locate / search / grep / read / open"
            r" / summari[sz]\w+ / explain / describe / outline / tell me / tell us / print"
            " / display / count / give me / give us / look up / look for / walk me / walk us"
            " / browse / view / cat / ls / pwd / fetch me / remind me / point me / inspect"
            " / re-read / define what / overview / git (?:status|log|diff|show|blame) / cd"
            " / recap / quote / get me / read through / go through" + _HANDED_BACK,
        ),
        (
            Act.RUN,
            "run / (?:re|re-)run / execute / lint / format"
            " / build (?:the |this |our |my )?(?:project|docs|app|image|images|package"
            "|workspace|binary|container|it|release|wheel|site|everything|again"
            r"|for \w+)(?! \w+ing) / build(?! \w) / compile"
            " / test (?:the )?(?:suite|build|connection|site|it|again|everything|all)"
            r" / test(?! \w) / test \w+ connection / type-?check"
            r" / start (?:up |the |my |our |a )?(?:dev |local )?(?:server|app\w*|services?"
            "|container|backend|frontend|stack|database|it|project|bot) / launch / restart"
            r" / check (?:the )?(?:format\w*|lint\w*|types|style|build) / mypy / ruff / pytest"
            r" / make (?:test|build|lint|check|install|clean)(?! \w) / npm / pnpm / yarn"
            r" / cargo / go test / commit / push (?!notif)\w+ / push(?! \w) / pull / git"
            " / stash / checkout / check out (?:the )?branch"
            r" / verify (?:that )?(?:the )?(?:tests|build|types|lint)\w*"
            r" / validate (?:that )?(?:the )?(?:build|tests|json|yaml|config|schema)\w*"
            " / touch / mkdir / sudo / pip / stop the / kill the / switch to (?:the )?branch"
            " / commit[/ ]push / running (?:the|all|my|our|unit|it)",
        ),
        (
            Act.DOCUMENT,
            "document(?:ing)? / proof-?read / spell-?check / comment on"
            " / annotate (?:the )?(?:readme|docs) / describe in (?:the )?(?:readme|docs)"
            " / transcribe / reword / rephrase / polish the wording",
        ),
        (
            Act.WRITE,
            "add(?:ing)? / append / insert / include / put / write / creat(?:e|ing) / make"
            " / mak(?:e|ing) / generat(?:e|ing) / prepare / draft / updat(?:e|ing)"
            " / chang(?:e|ing) / edit / modify / adjust / fix(?:ing)? / correct / repair"
            " / improve / extend / expand / complete / finish / rename / renam(?:e|ing)"
            " / replac(?:e|ing) / remov(?:e|ing) / delet(?:e|ing) / drop / move"
            " / mov(?:e|ing) / (?:re|re-)order / sort / clean-? ?up / simplify / shorten"
            " / tidy / mention / note / mark / check off / translate / convert / format"
            " / restructure / reorgani[sz]e / organi[sz]e / use / turn / set / merge / split"
            " / consolidate / save / record / capture / log / suggest"
            " / optimi[sz]e the (?:overview|wording|text|readme|docs|doc) / merge / bring"
            " / keep / specify / address / copy / provide / highlight / place"
            " / (?:re|re-)write / rewrite / adapt / (?:re|re-)use / focus / upgrade / bump"
            " / revise / refine / limit / leave",
        ),
        (
            Act.CODE,
            "test / testing / build / implement(?:ing)? / refactor(?:ing)? / extract / inline"
            " / dedupe / build(?:ing)? / develop / code / scaffold / set-? ?up / install"
            " / configure / introduce / patch / resolv(?:e|ing) / solv(?:e|ing) / handle"
            " / catch / integrat(?:e|ing) / connect / wire / hook / switch / downgrade"
            " / tweak / support / allow / enable / disable / ensure / return / raise / expose"
            " / cover / apply / validate / parse / style / type / align / position / center"
            r" / centre / resize / (?:re|re-)size / hide / render / pass / init\w* / mock"
            " / wrap / assert / default / store / load / export / import / register / trigger"
            " / call / send / publish / subscribe / show up / reset / reconcile / deploy"
            " / configure / debug / troubleshoot / look into / investigate / alter / append"
            " / tone / disallow / deduplicate / abstract / generali[sz]e / alphabeti[sz]e"
            " / combine / override / skip / ignore / increase / decrease / reduce / lower"
            " / raise / shrink / enlarge / widen / scale / stop / hard-?code / factor"
            " / (?:re|re-)implement / recreate / simulate / calculate / compute / filter"
            " / paginate / cache / throttle / retry / bind / emit / listen / embed / link"
            " / attach / upload / download / seed / query / select / join / group / round"
            " / truncate / pad / indent / escape / strip / trim / swap / toggle / migrate"
            " / port / rebase / squash / cherry-pick / revert / undo / restore / persist"
            " / sync / annotate / type-hint / prevent / avoid / allow / require / accept"
            r" / work / do (?!not)\w+ / try / give / go with / stick / match / mirror / follow"
            " / let / get",
        ),
        (
            Act.DESIGN,
            r"design(?:ing)? (?!tokens?|docs?|md)\w+ / plan (?!file|docs?|md|is|was)\w+"
            " / sketch (?:a|an|the|out) / propose / devise / choose (?:a|an|between|the|our)"
            " / pick (?:a|an|between) / decide / conceive / define (?:the|our|a|how) / invent"
            " / work out / think (?:through|about)",
        ),
        (
            Act.AUDIT,
            "audit(?:ing)? / threat-?model",
        ),
        (
            Act.JUDGE,
            "review(?:ing)? / look / look at / take a look / see / check out / critique"
            " / assess / verif(?:y|ies) / double[- ]?check / analy[sz]e / check / confirm"
            " / compare / evaluate / examine / ensure that / test that / study / understand"
            " / reflect / suggest / recommend / consider / think / validate that"
            " / inspect (?:the )?code",
        ),
    )
)
