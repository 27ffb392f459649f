"""Closed word classes of English: the words that hold sentences together and are never terms."""

from types import MappingProxyType


def words(text: str) -> frozenset[str]:
    """The words of a list written as running text."""
    return frozenset(text.split())


DETERMINERS = words("""
    a an the this that these those each every either neither some any no all both half several many
    much few fewer most more less enough such what which whatever whichever another other various
    certain its his her their our your my
""")

PREPOSITIONS = words("""
    of in to for with on at from by about as into through after over between out against during
    without before under around among within along across behind beyond plus except but up off above
    near below toward towards upon onto throughout despite beside besides beneath inside outside per
    via amid unlike until till since like regarding concerning versus vs
""")

PRONOUNS = words("""
    i you he she it we they me him us them who whom whose mine yours hers ours theirs myself
    yourself himself herself itself ourselves themselves something anything nothing everything
    someone anyone everyone nobody everybody somebody one ones there here none oneself whoever
""")

CONJUNCTIONS = words("""
    and or but nor so yet if because although though while whereas unless when whenever where
    wherever than whether once lest albeit how why
""")

AUXILIARIES = words("""
    is are was were be been being am has have had having do does did doing done can could may might
    must shall should will would cannot isn't aren't wasn't weren't don't doesn't didn't can't won't
    wouldn't couldn't
""")

MODALS = words("can could may might must shall should will would cannot to")

ADVERBS = words("""
    not very too also just only even still again ever never always often sometimes usually generally
    typically perhaps maybe however therefore thus hence then now soon later already almost quite
    rather instead moreover furthermore nevertheless otherwise together away back down far well
    indeed else today first finally further meanwhile consequently accordingly else nonetheless
    likewise sometimes hardly nearly seldom twice thereby therein thereof overall
""")

NUMBER_WORDS = words("""
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
    hundred thousand million billion second third fourth fifth dozen
""")

COMMON_ADJECTIVES = words("""
    good bad new old big small large long short high low great little young important different same
    own early late right wrong left real true false sure clear easy hard simple complex single
    double whole full empty free open close common rare main major minor basic key strong weak hot
    cold warm dry wet fast slow quick deep shallow wide narrow thick thin heavy light dark bright
    rich poor safe human able likely unlikely available entire separate distinct similar unique
    proper prior due equal random typical last next best better worse worst larger smaller higher
    lower greater lesser longer shorter older newer largest smallest highest lowest greatest least
    latter former particular red white blue green black yellow pure raw ripe mere sole dead alive
    happy sad flat round sharp soft solid smooth rough sheer stable tall vast ill fit fair mature
    obvious extreme concrete abstract absolute accurate adequate appropriate approximate intimate
    private ultimate intermediate immediate modern severe sincere mild brief aware familiar popular
""")

COMMON_VERBS = words("""
    make makes made take takes took taken give gives gave given get gets got go goes went gone come
    comes came become becomes became know knows knew known see sees saw seen say says said find
    finds found think thinks thought keep keeps kept let lets begin begins began begun bring brings
    brought hold holds held write wrote written stand stood lose lost pay paid meet met run ran lead
    led grow grew grown speak spoke spoken spend spent rise rose risen choose chose chosen draw drew
    drawn break broke broken wear wore worn understand understood teach taught seek sought bind
    binds bound tend tends seem seems appear appears remain remains consist consists contain
    contains include includes involve involves occur occurs exist exists depend depends describe
    describes explain explains define defines identify discuss determine determines require requires
    allow allows enable enables provide provides produce produces create creates refer refers mean
    means meant belong belongs happen happens follow follows help helps use uses used learn serve
    serves want wants try ask asks tell told call calls called show shows shown consider imagine
    suppose recall notice develop develops arise arises arose derive derives differ differs vary
    varies carry carries apply applies imply implies add adds put puts set sets send sends sent
    build builds built feel felt leave leaves left
""")

FUNCTION_WORDS = DETERMINERS | PREPOSITIONS | PRONOUNS | CONJUNCTIONS | AUXILIARIES

ENGLISH_STOP_WORDS = (
    FUNCTION_WORDS
    | ADVERBS
    | words(
        "'s ’s s t e.g i.e eg ie etc al called known usually because thing things way ways let us lets own"
    )
)

# Tag of each closed-class word; the first class listed wins.
CLOSED_CLASS_TAGS = MappingProxyType(
    {
        word: tag
        for tag, members in (
            ("NUM", NUMBER_WORDS),
            ("ADJ", COMMON_ADJECTIVES),
            ("ADV", ADVERBS),
            ("CONJ", CONJUNCTIONS),
            ("ADP", PREPOSITIONS),
            ("DET", DETERMINERS),
            ("PRON", PRONOUNS),
            ("VERB", COMMON_VERBS),
            ("AUX", AUXILIARIES),
        )
        for word in sorted(members)
    }
)
