"""Worlds that once found something in our own code, with what it was. Every run lives them again."""

FOUND: dict[int, str] = {
    36: "of two lost orders that arrived late only the first was counted, and each cost an evening",
    60: "an order filled beyond its quantity halted the account anew every evening, and no sentence said what to do",
    168: "a lost order filled unseen at a venue that forgets overnight, and its shares were bought a second time",
    309: "a market buy that was lost counted as no dollars at the limits of the next round of buys",
    1155: "a lost sell that filled before the last record of its evening counted twice: 127 shares became nobody's",
    2140: "the same of two shares, at a venue that never looks at ids",
    10114: "an empty list of positions was read as flat where a lost order was looked for, and halted the account",
    10150: "of several lost orders whose shares had come unseen only one was named, and each cost an evening",
    20086: "an equity that was no number, while a symbol was gone, ended the program with a traceback",
    900022: "a symbol that was traded tonight was not missed while small: empty lists halted the account",
    1000750: "every list of positions of half a minute was a part, and a whole one after them halted all the same",
    1001138: "a halt over positions that lagged recorded what they showed, and 23 shares became nobody's",
    1001239: "an earlier order that a look found open, though it had filled and no list showed it, was left unsettled",
    2000072: "a lost buy that filled unseen, and split fourfold overnight, was not known again by its quantity",
    3000286: "an order came late while the machine slept, and the checker judged anew what was sent once more",
    4000237: "a run that another process had gone on with and ended meanwhile was taken up all the same, and halted",
    4000322: "after a list that agreed the last record read another, a part: 19 shares of a small rest became nobody's",
    4008570: "a buy without room under the 99 %, while another symbol strayed within drift_percent, was not excused",
    4017402: "the rest of a buy that stayed open counted as nothing in a run that was gone on with: 99.8 % invested",
}
