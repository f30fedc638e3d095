# SPDX-License-Identifier: MIT
"""The words that requests, names and contents are made of."""

# What files and folders are called after, and what contents are about.
NOUNS = """
account address agenda album alarm animal answer apple archive article atlas autumn badge bakery
balance banner basket battery beach berry bill bird blanket board boat book border bottle bread
breakfast bridge budget builder bucket button cabin cable cake calendar camera camp candle canvas
card career castle catalog cellar chair chapter chart cheese cherry city class clock cloud coffee
color comet contact copper corner cottage country course cousin cover cup curtain customer data
delivery desert design desk device diary dinner doctor draft dragon drawer dream driver engine
error event example exam family farm feather festival field figure filter fish flower folder
forest fork fox fruit future galaxy game garage garden gate ghost gift glass glove goal grammar
grape guest guide guitar hammer harbor hat height helmet history hobby holiday home honey horse
hospital hotel house idea image index insect invoice island item jacket journal journey juice
kettle key kitchen knife ladder lake lamp language laptop leaf lecture lemon lesson letter level
library light lion list log lunch machine magnet mail manual map market meadow measure medal
meeting memo memory menu message metal method milk mirror model moment money month moon morning
motor mountain mouse museum music needle news night note notebook novel number nurse ocean office
onion orange orchard order oven owner page paint palace panel paper parcel park partner party
password path pattern payment pencil pepper phone photo piano picture pilot pizza place plan planet
plant plate pocket poem police pond poster potato price printer prize profile program project
puzzle queen question quiz rabbit radio railway rain receipt recipe record region reminder rent
repair report result review river road robot rocket room route rule salad sale sample sand
schedule school score screen season secret sensor server shadow sheet shelf shell ship shirt shoe
shop signal silver sister sketch snack snow soap song sound soup space speech spoon spring staff
stamp star station status stone storm story street student studio sugar summary summer sun survey
symbol system table target task teacher team temple test theater ticket tiger timer title tomato
tool tower town toy traffic train travel tree trip truck tunnel umbrella uncle update user vacation
valley vase vendor version video village violin visit visitor voice wagon wall wallet water weather
website week weekend wheel whistle window winter wizard wood world worker yard year zebra zone
""".split()

PEOPLE = """
adam alice amir anna ben bruno carla chen clara david diana elena emil eva felix fiona george hana
hugo ida ivan jack jana julia karim kate laura leo linda lucas maria martin maya mia nina noah nora
olga omar oscar otto paul petra rosa ruth sam sara simon sofia tara theo tina tom vera victor yuki
""".split()

ADJECTIVES = """
ready late early new old small big open closed empty full cold warm red blue green yellow black
white quiet loud broken clean dirty dry wet fresh cheap dear easy hard heavy light long short
missing lost done urgent important private public final first second last next daily weekly
monthly
""".split()

ACTIONS = """
buy sell call clean paint fix check order water feed visit read print send move find wash bring
pack plan book cook study test sign ship count file scan open close lock weigh draw learn teach
""".split()

DAYS = "monday tuesday wednesday thursday friday saturday sunday today tomorrow".split()

PLACES = "home work school town kitchen garden office station market hotel park beach".split()

# Sentences for the log begin with one of these.
OWNERS = ["The", "Your", "My", "Our", "That", "This"]

EXTENSIONS = ["txt"] * 10 + ["md"] * 3 + ["log"] * 3 + ["csv"] * 2 + ["json", "ini", "cfg", "dat",
                                                                "html", "yaml", "list", "tex"]

# Of words that nobody has met: a model must copy them piece by piece.
ONSETS = "b c d f g h j k l m n p r s t v w z br cr dr fl gr kl pl pr sk sl sp st tr".split()
VOWELS = "a e i o u a e i o u ai ea ou".split()
CODAS = ["", "", "", "n", "r", "s", "t", "l", "m", "k", "x"]
