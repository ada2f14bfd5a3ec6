"""Names as one meets them in a British town, by community, and invented places to live in."""

from typing import NamedTuple


class Community(NamedTuple):
    """A share of the town: how many in a hundred, the ethnic category code of the census, and its names."""

    share: float
    ethnic: str
    women: list[str]
    men: list[str]
    families: list[str]


def _community(share: float, ethnic: str, women: str, men: str, families: str) -> Community:
    return Community(share, ethnic, women.split(), men.split(), [name.replace("_", " ") for name in families.split()])


COMMUNITIES = [
    _community(
        58,
        "A",
        "Margaret Susan Patricia Christine Jean Dorothy Sheila Linda Carol Janet Pauline Karen Julie Deborah Tracey "
        "Nicola Joanne Sarah Emma Claire Rebecca Laura Gemma Lucy Hannah Charlotte Emily Amelia Isla Poppy Daisy Freya "
        "Evie Florence Harriet Beatrice Zoë Chloe Grace Holly",
        "Reginald Norman Dennis John David Peter "
        "Michael Brian Derek Alan Roger Keith Kenneth Stephen Paul Andrew Mark Ian Kevin Neil Simon "
        "Richard Christopher Matthew Daniel Thomas James Adam Luke Jack Harry Oliver George Noah Arthur Alfie Freddie "
        "Stanley Leo Theo",
        "Taylor Brown Wilson Johnson Walker Wright Thompson Robinson White Green Hall Wood Clarke Baker Turner Hill "
        "Cooper Ward Parker Bennett Cook Shaw Mason Holmes Palmer Webb Chapman Barker Dixon Fletcher Pearson Marsh "
        "Atkinson Hargreaves Ramsbottom Entwistle Birtwistle Ackroyd Thistlethwaite Bottomley Sutcliffe Greenhalgh "
        "Smith Ashworth-Lane Featherstone Goodall Winterbottom Crowther Oldroyd Whitehead Sugden Haigh Armitage",
    ),
    _community(
        6,
        "A",
        "Siân Rhiannon Carys Megan Bethan Angharad Ffion Gwenllian Eirlys Mair",
        "Rhys Dafydd Gareth Huw Emyr Aled Iwan Owain Geraint Gwilym",
        "Jones Davies Evans Griffiths Llewellyn Pritchard ap_Gruffydd Lloyd-Evans Bowen Probert",
    ),
    _community(
        5,
        "A",
        "Morag Fiona Eilidh Mairi Kirsty Ailsa Catriona Isobel",
        "Hamish Alasdair Euan Callum Ewan Fraser Ruaridh Gordon",
        "MacDonald Campbell McKenzie Sinclair MacLeod Ferguson McIntyre Drummond",
    ),
    _community(
        4,
        "B",
        "Aoife Niamh Siobhán Bridget Maeve Róisín Kathleen Gráinne",
        "Patrick Seán Declan Cormac Liam Eoin Brendan Ciarán",
        "O'Brien Kelly Murphy O'Connor Byrne Ní_Bhriain Gallagher O'Sullivan McCarthy",
    ),
    _community(
        5,
        "C",
        "Agnieszka Katarzyna Małgorzata Zofia Ewa Magdalena Joanna Zuzanna",
        "Piotr Krzysztof Tomasz Łukasz Marek Paweł Jakub Wojciech",
        "Nowak Kowalczyk Wiśniewski Zieliński Wójcik Mazur Szymański Dąbrowski",
    ),
    _community(
        5,
        "J",
        "Fatima Ayesha Zainab Nasreen Shazia Mariam Rukhsana Hira",
        "Mohammed Imran Tariq Usman Bilal Asif Zubair Hamza",
        "Hussain Ahmed Khan Mahmood Akhtar Iqbal Begum Malik Qureshi",
    ),
    _community(
        5,
        "H",
        "Priya Anjali Meera Lakshmi Kavita Harpreet Simran Nisha",
        "Arjun Rajesh Sanjay Vikram Gurpreet Harjit Anil Rohan",
        "Patel Sharma Singh Kaur Desai Nair Chatterjee Gill Reddy",
    ),
    _community(
        2,
        "K",
        "Nazma Sultana Rahima Tahmina Shirin",
        "Abdul Kamal Rafiq Shahid Jamal",
        "Miah Uddin Chowdhury Rahman Islam",
    ),
    _community(
        3,
        "N",
        "Grace Ngozi Funmilayo Chidinma Blessing Adaeze",
        "Emeka Tunde Chukwuemeka Babatunde Kelechi Segun",
        "Adebayo Okafor Eze Adeyemi Nwosu Balogun Olawale-Cole",
    ),
    _community(
        2,
        "M",
        "Marcia Beverley Yvonne Shanice Dionne",
        "Winston Delroy Leroy Marlon Tyrone",
        "Campbell Francis Joseph Baptiste St_Louis Grant-Powell",
    ),
    _community(2, "R", "Mei Xiu_Ying Lily Wai-Ling Jia", "Wei Jun Kin-Man Ming Hao", "Chan Wong Li Zhang Cheung Ng"),
    _community(
        1.5,
        "N",
        "Hodan Amina Ifrah Sagal Fadumo",
        "Abdirahman Yusuf Mahad Liban Cabdi",
        "Warsame Farah Abdi Jama Cali",
    ),
    _community(
        1.5,
        "C",
        "Ioana Elena Mădălina Andreea Ștefania",
        "Andrei Mihai Cătălin Ionuț Răzvan",
        "Popescu Ionescu Dumitrescu Țurcanu Bălan",
    ),
]

# Invented towns and streets. No British postcode area is ZZ, so these postcodes cannot be anyone's.
TOWNS = [("Harrowmere", "ZZ1"), ("Harrowmere", "ZZ2"), ("Nether Marl", "ZZ3"), ("Upper Thornwick", "ZZ4")]
STREETS = [
    f"{name} {kind}"
    for kind, names in {
        "Road": "Kestrel Millrace Fernleaf Oldkiln Sandpiper Bramblewood Cutler Hollowgate",
        "Street": "Weaver Tannery Chandler Lamplight Cooperage Bobbin Saltpan",
        "Avenue": "Larkrise Whitebeam Juniper Rowanberry Hazelnook",
        "Close": "Otterburrow Swallowtail Mossbank Pippin Quillwort",
        "Lane": "Duckpond Foxhollow Tinderbox Three_Gables Withy",
        "Crescent": "Marigold Skylark Harebell",
    }.items()
    for name in (word.replace("_", " ") for word in names.split())
]
