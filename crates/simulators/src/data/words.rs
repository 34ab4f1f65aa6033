//! Polish names, places and habits that made-up people are put together from.

pub(super) const WOMEN: [&str; 48] = [
    "Anna", "Katarzyna", "Maria", "Małgorzata", "Agnieszka", "Barbara", "Ewa", "Krystyna", "Elżbieta",
    "Magdalena", "Joanna", "Aleksandra", "Monika", "Zofia", "Teresa", "Danuta", "Natalia", "Julia",
    "Karolina", "Marta", "Beata", "Dorota", "Halina", "Jadwiga", "Alicja", "Jolanta", "Iwona", "Grażyna",
    "Paulina", "Justyna", "Bożena", "Urszula", "Hanna", "Wiktoria", "Renata", "Sylwia", "Agata",
    "Patrycja", "Izabela", "Emilia", "Weronika", "Ewelina", "Klaudia", "Lena", "Zuzanna", "Martyna",
    "Oliwia", "Żaneta",
];

pub(super) const MEN: [&str; 48] = [
    "Piotr", "Krzysztof", "Andrzej", "Tomasz", "Jan", "Paweł", "Michał", "Marcin", "Jakub", "Adam",
    "Stanisław", "Marek", "Łukasz", "Grzegorz", "Mateusz", "Wojciech", "Mariusz", "Dariusz", "Maciej",
    "Zbigniew", "Rafał", "Robert", "Kamil", "Jerzy", "Dawid", "Szymon", "Kacper", "Jacek", "Ryszard",
    "Tadeusz", "Bartosz", "Artur", "Jarosław", "Sławomir", "Sebastian", "Damian", "Patryk", "Daniel",
    "Przemysław", "Roman", "Karol", "Konrad", "Filip", "Antoni", "Aleksander", "Leon", "Świętosław",
    "Bogusław",
];

/// In the form for men; the generator makes the form for women.
pub(super) const SURNAMES: [&str; 64] = [
    "Nowak", "Kowalski", "Wiśniewski", "Wójcik", "Kowalczyk", "Kamiński", "Lewandowski", "Zieliński",
    "Szymański", "Woźniak", "Dąbrowski", "Kozłowski", "Jankowski", "Mazur", "Wojciechowski", "Kwiatkowski",
    "Krawczyk", "Kaczmarek", "Piotrowski", "Grabowski", "Zając", "Pawłowski", "Michalski", "Król",
    "Wieczorek", "Jabłoński", "Wróbel", "Nowakowski", "Majewski", "Olszewski", "Stępień", "Malinowski",
    "Jaworski", "Adamczyk", "Dudek", "Nowicki", "Pawlak", "Górski", "Witkowski", "Walczak", "Sikora",
    "Baran", "Rutkowski", "Michalak", "Szewczyk", "Ostrowski", "Tomaszewski", "Pietrzak", "Zalewski",
    "Wróblewski", "Marciniak", "Jasiński", "Zawadzki", "Bąk", "Jakubowski", "Sadowski", "Duda",
    "Włodarczyk", "Wilk", "Chmielewski", "Borkowski", "Sokołowski", "Szczepański", "Brzęczyszczykiewicz",
];

/// City, first and last value of the first two digits of its postcodes, voivodeship.
pub(super) const CITIES: [(&str, u32, u32, &str); 36] = [
    ("Warszawa", 0, 4, "mazowieckie"),
    ("Kraków", 30, 31, "małopolskie"),
    ("Łódź", 90, 94, "łódzkie"),
    ("Wrocław", 50, 54, "dolnośląskie"),
    ("Poznań", 60, 61, "wielkopolskie"),
    ("Gdańsk", 80, 80, "pomorskie"),
    ("Szczecin", 70, 71, "zachodniopomorskie"),
    ("Bydgoszcz", 85, 85, "kujawsko-pomorskie"),
    ("Lublin", 20, 20, "lubelskie"),
    ("Białystok", 15, 15, "podlaskie"),
    ("Katowice", 40, 40, "śląskie"),
    ("Gdynia", 81, 81, "pomorskie"),
    ("Częstochowa", 42, 42, "śląskie"),
    ("Radom", 26, 26, "mazowieckie"),
    ("Rzeszów", 35, 35, "podkarpackie"),
    ("Toruń", 87, 87, "kujawsko-pomorskie"),
    ("Kielce", 25, 25, "świętokrzyskie"),
    ("Olsztyn", 10, 10, "warmińsko-mazurskie"),
    ("Gliwice", 44, 44, "śląskie"),
    ("Bielsko-Biała", 43, 43, "śląskie"),
    ("Zielona Góra", 65, 65, "lubuskie"),
    ("Rybnik", 44, 44, "śląskie"),
    ("Opole", 45, 45, "opolskie"),
    ("Tychy", 43, 43, "śląskie"),
    ("Gorzów Wielkopolski", 66, 66, "lubuskie"),
    ("Elbląg", 82, 82, "warmińsko-mazurskie"),
    ("Płock", 9, 9, "mazowieckie"),
    ("Tarnów", 33, 33, "małopolskie"),
    ("Koszalin", 75, 75, "zachodniopomorskie"),
    ("Kalisz", 62, 62, "wielkopolskie"),
    ("Legnica", 59, 59, "dolnośląskie"),
    ("Słupsk", 76, 76, "pomorskie"),
    ("Nowy Sącz", 33, 33, "małopolskie"),
    ("Jelenia Góra", 58, 58, "dolnośląskie"),
    ("Suwałki", 16, 16, "podlaskie"),
    ("Zakopane", 34, 34, "małopolskie"),
];

pub(super) const STREETS: [&str; 32] = [
    "ul. Polna", "ul. Leśna", "ul. Słoneczna", "ul. Krótka", "ul. Szkolna", "ul. Ogrodowa", "ul. Lipowa",
    "ul. Łąkowa", "ul. Brzozowa", "ul. Kwiatowa", "ul. Kościelna", "ul. Sosnowa", "ul. Zielona",
    "ul. Parkowa", "ul. Akacjowa", "ul. Kolejowa", "ul. Adama Mickiewicza", "ul. Juliusza Słowackiego",
    "ul. Henryka Sienkiewicza", "ul. Tadeusza Kościuszki", "al. Jana Pawła II", "ul. 3 Maja",
    "ul. 11 Listopada", "os. Przyjaźni", "ul. Marii Konopnickiej", "al. Niepodległości", "Rynek",
    "pl. Wolności", "ul. Świętojańska", "ul. Żeromskiego", "ul. Źródlana", "ul. Ćwiklińskiej",
];

/// First digits of mobile numbers.
pub(super) const MOBILE: [&str; 10] = ["501", "512", "533", "574", "601", "662", "694", "723", "788", "889"];

/// Domains that belong to nobody.
pub(super) const DOMAINS: [&str; 10] = [
    "example.com",
    "example.org",
    "example.net",
    "poczta.example.com",
    "skrzynka.example.com",
    "mail.example.org",
    "onet.example.org",
    "firma.example.net",
    "biuro.example.net",
    "uczelnia.example.org",
];

pub(super) const TRADES: [&str; 12] = [
    "Firma Handlowa", "PPHU", "Zakład Usługowy", "Sklep Wielobranżowy", "Hurtownia", "Studio", "Pracownia",
    "Gabinet", "Kancelaria", "Drukarnia", "Piekarnia", "Serwis",
];

pub(super) const TAGS: [&str; 8] =
    ["VIP", "hurt", "stały klient", "reklamacje", "allegro", "newsletter 2025", "Łódź – odbiór", "konkurs"];

pub(super) const GROUPS: [&str; 4] = ["Detal", "Hurt", "Stali klienci", "Pracownicy"];

pub(super) const SOURCES: [&str; 5] = ["Google", "Facebook", "Znajomi", "Targi", "Inne"];

pub(super) const LANGUAGES: [&str; 3] = ["en_US", "de_DE", "cs_CZ"];
