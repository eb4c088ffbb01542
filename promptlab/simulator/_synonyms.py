"""Everyday English that the answering model knows: groups of words that mean about the same.

The groups are general: words of shops, homes, offices, schools, travel and computers alike. A word may be
in several groups. Nothing here knows of a prompt, a suite or a label.
"""

from __future__ import annotations

__all__ = ["GROUPS", "HOLLOW", "IRREGULAR", "LIGHT"]

_SAME = """
buy purchase order acquire; sell vend trade; book reserve reservation; rent lease hire rental; pay payment
charge fee; price cost fare rate; cheap inexpensive affordable budget; expensive costly pricey; money cash
currency; bill invoice; receipt voucher; bank financial; salary wage pay payroll income; tax duty levy; discount
rebate bargain deal; customer client buyer; supplier vendor seller; employee staff worker personnel colleague;
boss manager supervisor; company firm business organization; shop store market; product article item goods;
stock inventory supply; sales revenue turnover; warehouse depot storage; send dispatch transmit forward; receive
get obtain; give hand provide supply; take bring carry; fetch collect gather retrieve get; download fetch;
upload import load; save store archive keep; keep retain; delete remove erase drop discard; add insert append
include; change alter modify convert turn; exchange swap convert; fix repair mend; break damage destroy; make
create build produce generate; copy duplicate clone; backup copy; begin start launch; end finish stop conclude;
open unlock; close shut; find locate search seek; lose misplace; missing lost gone; show display present; hide
conceal; list enumerate; count number tally; sum total add; average mean; combine merge join unite; split divide
separate; sort order arrange; filter select pick; choose select pick; compare contrast; measure gauge; big large
huge great; small little tiny; shrink reduce resize; smaller shrink resize; bigger enlarge larger; fast quick
rapid speedy; slow sluggish; new recent fresh; old ancient former; good fine nice; bad poor awful; best top
finest; happy glad pleased; sad unhappy; angry mad furious; fun entertaining enjoyable; funny amusing comic;
interesting fascinating; easy simple; hard difficult tough; safe secure; danger dangerous risky unsafe hazard;
warn warning alert caution; notify notification inform tell; tell say; ask question inquire query; answer reply
respond response; talk speak chat; write compose; read scan; message note; email mail; letter mail post; phone
telephone call mobile; picture photo image photograph; movie film video; music song tune; book novel; newspaper
paper press; document file paper; folder directory; spreadsheet excel; slide presentation; table grid; chart
graph plot diagram; report summary; summary summarize digest sum; dashboard overview; text words; word term
phrase expression; language tongue; translate translation interpret; meaning definition define; website site
web; page webpage; internet web online; computer laptop pc; program software application app; database db;
server host; password passcode; user account; error fault bug mistake; log journal record; job task work; plan
schedule; meeting appointment; calendar agenda; deadline due; daily day; hourly hour; weekly week; monthly
month; yearly annual year; night nightly overnight; morning dawn; evening dusk; today now current; always ever;
often frequently; house home residence; apartment flat; room chamber; kitchen cooking; cook bake prepare; food
meal dish; eat dine; drink beverage; restaurant diner cafe; recipe cooking; car vehicle automobile auto; truck
lorry van; bus coach; train railway rail; bike bicycle cycle; plane airplane aircraft jet; flight fly plane;
airport terminal; ship boat vessel; road street highway; drive ride; travel trip journey tour travelling voyage;
vacation holiday getaway; visit tour; tourist visitor sightseer; sight attraction landmark; hotel motel inn
lodging accommodation; stay lodge; luggage baggage bag suitcase; ticket pass; country nation; abroad overseas
foreign international; city town; place location spot; map atlas; weather climate; rain shower; time clock hour;
arrive land arrival reach; depart leave departure; cancel abort; suggest suggestion recommend advise; advice tip
recommendation; idea suggestion; doctor physician; medicine drug medication; ill sick; illness disease sickness;
hurt injure pain; school college; teacher instructor; student pupil; lesson class course; child kid; friend pal
buddy; man guy; woman lady; clothes clothing; shoe boot; electricity electric power electrical; lamp light; key
button; tool device gadget; rule regulation policy; allow permit let; need require necessary; want wish desire;
state status condition
"""

GROUPS: tuple[tuple[str, ...], ...] = tuple(tuple(group.split()) for group in _SAME.split(";"))
"""Words that mean about the same, a tuple each."""

_GRAMMAR = """
a about actually all already also am an and any anybody anyone anything are as ask at away be because been
before being both but by can cannot could each either else even ever every everyone everything for from got had
has have having he hello her here hers hey hi him his how however i if in into is it its itself just kind let
lets ll lot m many may maybe me might mine more most much must my myself no not now of off oh ok on one only
onto or other our ours out over own per please possible quite rather re really s same shall she should so some
somebody someone something somewhere soon still such sure t than thank thanks that the their theirs them then
there these they think this those through to too two under until up upon us usual ve very via was way we well
were what whatever when where whether which while who whom whose why will wish with within without won would yes
yet you your yours yourself
"""

HOLLOW: frozenset[str] = frozenset(_GRAMMAR.split())
"""Words of grammar and of politeness: they say nothing by themselves."""

_ASKING = """
ask check do find get give go have help know like look make mean need put say see show tell thing try use want
work
"""

LIGHT: frozenset[str] = frozenset(_ASKING.split())
"""Words of asking for something: they say a little. In the form that their stem has."""

_FORMS = """
lose lost losing; buy bought; find found; send sent; write wrote written; speak spoke spoken; say said; tell
told; pay paid; sell sold; fly flew flown flies flying; drive drove driven; eat ate eaten; break broke broken;
choose chose chosen; leave left leaves leaving; read reading; man men; woman women; child children; person
people; day days; data datum; do does did done doing; go goes went gone going; get gets got getting; give gave
given; make made making; know knew known; see saw seen; use used using uses
"""

IRREGULAR: dict[str, str] = {
    form: base for line in _FORMS.split(";") for base, *forms in [line.split()] for form in forms
}
"""Forms that no rule of endings brings back to their word."""
