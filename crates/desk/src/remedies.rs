//! Every kind of problem in sentences: what it is, what it means for people, what helps, and who can help.

use sync_core::Lang;

/// Who makes a problem go away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Healer {
    /// Nobody need do anything: it is tried again by itself.
    Itself,
    /// The merchant.
    Merchant,
    /// The operator of this server.
    Operator,
    /// The vendor of SARE.
    Sare,
    /// The vendor of the shop.
    Shoper,
}

impl Healer {
    /// A stable word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Itself => "itself",
            Self::Merchant => "merchant",
            Self::Operator => "operator",
            Self::Sare => "sare",
            Self::Shoper => "shoper",
        }
    }
}

/// A kind of problem, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remedy {
    /// What happened.
    pub cause: &'static str,
    /// What helps.
    pub remedy: &'static str,
    /// Who can do that.
    pub healer: Healer,
}

/// What a kind of problem means, in the reader's language. Kinds that are not known get sentences that say no more than
/// is certain.
pub fn remedy(kind: &str, lang: Lang) -> Remedy {
    let (healer, polish, english) = texts(kind);
    let (cause, remedy) = match lang {
        Lang::Pl => polish,
        Lang::En => english,
    };
    Remedy {
        cause,
        remedy,
        healer,
    }
}

/// A problem's detail as people read it: a number that stands for itself in the ledger is said in words.
pub fn detail(kind: &str, detail: &str, lang: Lang) -> String {
    match (kind, detail.parse::<u64>(), lang) {
        ("shop-away" | "sare-away", Ok(n), Lang::Pl) => format!("Czekające zmiany: {n}"),
        ("shop-away" | "sare-away", Ok(n), Lang::En) => format!("Changes waiting: {n}"),
        _ => detail.to_owned(),
    }
}

type Texts = (Healer, (&'static str, &'static str), (&'static str, &'static str));

fn texts(kind: &str) -> Texts {
    use Healer::{Itself, Merchant, Operator, Sare, Shoper};
    match kind {
        "sare-access" => (
            Merchant,
            (
                "SARE odrzuca UID albo klucz API.",
                "Proszę sprawdzić, czy klucz pochodzi z nowego REST API (nie ze starych formularzy), należy do tego UID i nie jest ograniczony do innych adresów IP, a potem połączyć się ponownie.",
            ),
            (
                "SARE refuses the UID or the API key.",
                "Check that the key is one of the new REST API (not the old form key), belongs to this UID and is not limited to other IP addresses; then connect again.",
            ),
        ),
        "sare-disconnected" => (
            Merchant,
            (
                "Sklep jest rozłączony z SARE: nie ma klucza API, więc nic nie jest synchronizowane.",
                "Proszę połączyć się z SARE ponownie. Zmiany w sklepie są zapamiętywane i zostaną wtedy przesłane.",
            ),
            (
                "The shop is disconnected from SARE: there is no API key, so nothing is synchronised.",
                "Connect to SARE again. Changes in the shop are remembered and will be sent then.",
            ),
        ),
        "shop-access" => (
            Merchant,
            (
                "Sklep odmawia nam dostępu.",
                "Proszę zainstalować aplikację w sklepie ponownie albo połączyć ją kontem administratora, który ma dostęp do WebAPI.",
            ),
            (
                "The shop refuses our access.",
                "Reinstall the app in the shop, or connect it again with an administrator who has WebAPI access.",
            ),
        ),
        "shop-sent-on" => (
            Merchant,
            (
                "Sklep odsyła nas pod inny adres, a nic nie potwierdza, że to wciąż ten sam sklep. Nic tam nie wysyłamy, więc synchronizacja czeka.",
                "Jeśli sklep ma nową domenę, proszę ponownie zainstalować aplikację w sklepie albo poprosić operatora serwera, aby podał nowy adres (`shop move`). Jeśli nie, proszę usunąć przekierowanie albo zgłosić je w Shoper.",
            ),
            (
                "The shop sends us on to another address, and nothing proves that it is still the same shop. We send nothing there, so synchronisation waits.",
                "If the shop has a new domain, install the app in the shop again, or have the operator name the new address (`shoper-sare shop move SHOP ADDRESS`). If not, take the redirect away or report it to Shoper.",
            ),
        ),
        "shop-not-public" => (
            Merchant,
            (
                "Adres sklepu prowadzi do sieci prywatnej albo na ten serwer, a nie do internetu. Nic tam nie wysyłamy, więc synchronizacja czeka.",
                "Proszę sprawdzić wpisy DNS domeny sklepu. Gdy domena znów będzie prowadzić do sklepu, synchronizacja ruszy sama.",
            ),
            (
                "The shop's address leads into a private network or to this server, and not to the internet. We send nothing there, so synchronisation waits.",
                "Check the DNS records of the shop's domain. Once it leads to the shop again, synchronisation goes on by itself.",
            ),
        ),
        "no-app" => (
            Operator,
            (
                "Sklep przysłał kod dostępu, a ten serwer nie ma danych aplikacji.",
                "Operator serwera powinien ustawić SHOPER_APP_ID i SHOPER_APP_SECRET i uruchomić serwer ponownie.",
            ),
            (
                "The shop sent an authorisation code and this server has no app credentials.",
                "Set SHOPER_APP_ID and SHOPER_APP_SECRET and restart.",
            ),
        ),
        "no-scope" => (
            Merchant,
            (
                "Sklep nie pozwala aplikacji tego odczytać albo zmienić.",
                "Proszę nadać aplikacji wymienione uprawnienie w panelu sklepu. Cała reszta działa w tym czasie dalej.",
            ),
            (
                "The shop does not let the app read or change this.",
                "Give the app the named permission in the shop's panel; everything else goes on meanwhile.",
            ),
        ),
        "webhooks-refused" => (
            Operator,
            (
                "Nie można zarejestrować powiadomień w sklepie.",
                "Operator serwera powinien sprawdzić, czy PUBLIC_URL jest osiągalny z zewnątrz i czy aplikacja może tworzyć webhooki. Do tego czasu zmiany znajdują regularne przeglądy sklepu.",
            ),
            (
                "Webhooks cannot be registered in the shop.",
                "Check that PUBLIC_URL can be reached from outside and that the app may create webhooks. Until then sweeps find the changes.",
            ),
        ),
        "brake" => (
            Merchant,
            (
                "Jeden przebieg wypisałby zbyt wiele kontaktów, więc został zatrzymany.",
                "Proszę obejrzeć liczby i przykłady: jeśli są prawdziwe, pozwolić mu iść dalej.",
            ),
            (
                "One pass would have taken too many contacts out of the mailing.",
                "Look at the numbers; if they are right, let it go on (on the command line: `shop resume SHOP --release-brake`).",
            ),
        ),
        "bad-address" => (
            Merchant,
            (
                "Sklep ma adres, który nie jest adresem e-mail.",
                "Proszę poprawić go w sklepie. Po zmianie zostanie przesłany sam.",
            ),
            (
                "The shop has an address that is none.",
                "Correct it in the shop; it is tried again when it changes.",
            ),
        ),
        "record-unreadable" => (
            Merchant,
            (
                "Sklep nie potrafi podać tego wpisu albo podaje go tak, że nie da się go odczytać.",
                "Proszę otworzyć ten wpis w panelu sklepu i zapisać go ponownie, usuwając nietypowe znaki; jeśli to nie pomoże, zgłosić jego numer do Shoper. Reszta sklepu jest synchronizowana, a ten wpis próbujemy odczytać dalej.",
            ),
            (
                "The shop cannot give out this record, or gives it out so that it cannot be read.",
                "Open the record in the shop's panel and save it again without unusual characters; if that does not help, report its number to Shoper. The rest of the shop is synchronised, and this record is tried again.",
            ),
        ),
        "record-passed-over" => (
            Merchant,
            (
                "Na liście sklepu jest wpis, którego nie da się odczytać, i nie wiadomo nawet, jaki ma numer.",
                "Proszę obejrzeć w panelu sklepu wpisy o numerach ze wskazanego zakresu i zapisać ponownie ten, który wygląda nietypowo. Reszta sklepu jest synchronizowana, a przy każdej pełnej synchronizacji próbujemy znowu.",
            ),
            (
                "There is a record in the shop's list that cannot be read, and not even its number is known.",
                "Look in the shop's panel at the records whose numbers lie in the range shown, and save the unusual one again. The rest of the shop is synchronised, and every whole synchronisation tries it again.",
            ),
        ),
        "fields-unreadable" => (
            Merchant,
            (
                "W tym wpisie sklepu nie da się odczytać wymienionych pól.",
                "Proszę wpisać je w sklepie od nowa, bez nietypowych znaków. Zgoda i pozostałe pola są synchronizowane; te pola pozostają w SARE takie, jakie są.",
            ),
            (
                "The named fields of this record of the shop cannot be read.",
                "Enter them in the shop anew, without unusual characters. Consent and the other fields are synchronised; these stay in SARE as they are.",
            ),
        ),
        "run-still" => (
            Itself,
            (
                "Synchronizacja całego sklepu od kilku minut nie posuwa się naprzód.",
                "Próba powtarza się sama, a bieżące zmiany i wypisy działają dalej. Jeśli to potrwa, proszę sprawdzić, czy sklep i SARE działają, i zgłosić problem razem ze szczegółami.",
            ),
            (
                "A synchronisation of the whole shop has not got on for some minutes.",
                "It is tried again by itself, and live changes and unsubscribes go on. If it lasts, check that the shop and SARE work, and report the problem with its detail.",
            ),
        ),
        "list-short" => (
            Itself,
            (
                "Sklep liczy na liście więcej wpisów, niż ich wydał, także gdy przeczytano ją drugi raz.",
                "Brakujące wpisy trafią do SARE po swojej zmianie albo przy następnej pełnej synchronizacji, która czyta listę znowu. Jeśli to się powtarza, proszę zgłosić Shoper, że lista nie zgadza się ze swoją liczbą.",
            ),
            (
                "The shop counts more records in a list than it gave out, even when it was read a second time.",
                "Those missing reach SARE when they change, or with the next whole synchronisation, which reads the list again. If it stays, tell Shoper that the list does not agree with its count.",
            ),
        ),
        "unseen-character" => (
            Merchant,
            (
                "W środku adresu w sklepie jest znak, którego nie widać (na przykład skopiowany razem z adresem). To inny adres, niż się wydaje, więc go nie przesyłamy.",
                "Proszę skasować ten adres w sklepie i wpisać go ręcznie od nowa, bez kopiowania. Po zmianie zostanie przesłany sam.",
            ),
            (
                "An address in the shop has a character in it that cannot be seen (copied along with it, perhaps). It is another address than it looks like, so it is not sent.",
                "Delete the address in the shop and type it anew, without copying. It is tried again when it changes.",
            ),
        ),
        "sare-refused" => (
            Merchant,
            (
                "SARE nie przyjęło tego kontaktu.",
                "Proszę przeczytać powód i poprawić wartość w sklepie albo mapowanie. Kontakt zostanie przesłany ponownie, gdy się zmieni, lub na żądanie.",
            ),
            (
                "SARE did not take this contact.",
                "Read its reason; correct the value in the shop or the mapping. It is tried again when the contact changes, or on demand.",
            ),
        ),
        "sare-fails" => (
            Merchant,
            (
                "SARE odpowiada błędem, gdy chodzi o ten kontakt, choć inne przyjmuje.",
                "Proszę sprawdzić w sklepie, czy dane tej osoby nie zawierają niezwykłych znaków (np. emoji), poprawić je i spróbować ponownie; próba powtarza się też sama. Jeśli dane są zwykłe, proszę podać ten kontakt obsłudze SARE. Gdyby osoba się wypisała, proszę wypisać ją w SARE ręcznie.",
            ),
            (
                "SARE answers with an error when it is about this contact, though it takes others.",
                "See in the shop whether this person's data hold unusual characters (such as emoji), correct them and try again; it is also tried again by itself. If the data are ordinary, name the contact to SARE's support. If the person unsubscribed, unsubscribe them in SARE by hand.",
            ),
        ),
        "sare-call-fails" => (
            Itself,
            (
                "SARE odpowiada na inne zapytania, ale jedno działanie zawodzi dla wszystkich kontaktów.",
                "Próba powtarza się sama i nic nie ginie. Jeśli problem nie zniknie w ciągu kilku godzin, proszę podać nazwę działania obsłudze SARE.",
            ),
            (
                "SARE answers other requests, but fails at one call whomever it is about.",
                "It is tried again by itself and nothing is lost. If it stays for hours, name the call to SARE's support.",
            ),
        ),
        "sare-full" => (
            Merchant,
            (
                "SARE nie przyjmuje żadnych nowych adresów, zwykle dlatego, że konto osiągnęło limit adresów. Nowe kontakty czekają; zmiany danych i wypisania działają dalej.",
                "Proszę przeczytać powód podany przez SARE i zwiększyć limit adresów albo zwolnić miejsce w SARE, a potem wybrać ponowną próbę. Jeden kontakt jest też co pewien czas próbowany sam; gdy SARE go przyjmie, reszta zostanie przesłana od razu.",
            ),
            (
                "SARE takes no new addresses, most often because the account has reached its limit of addresses. New contacts wait; changes of data and unsubscriptions go on.",
                "Read SARE's reason, raise the limit of addresses or make room in SARE, then have it tried again. One contact is also tried by itself from time to time; when SARE takes it, all the others follow at once.",
            ),
        ),
        "sare-payment" => (
            Merchant,
            (
                "SARE odmawia obsługi konta (402): wymaga opłaty albo wyższego limitu.",
                "Proszę sprawdzić w SARE opłaty i limity konta. Zmiany są zapamiętywane i zostaną przesłane, gdy SARE znów będzie odpowiadać; próba powtarza się co kwadrans.",
            ),
            (
                "SARE refuses to serve the account (402): it asks for payment or for a higher limit.",
                "Check the account's payments and limits in SARE. Changes are remembered and will be sent when SARE answers again; it is tried every quarter of an hour.",
            ),
        ),
        "sare-group-gone" => (
            Merchant,
            (
                "Grupy o tym numerze nie ma już w SARE, a konfiguracja do niej dodaje. Nowe kontakty tej grupy czekają; reszta działa dalej.",
                "Proszę utworzyć w SARE grupę o tym numerze albo wybrać inną w konfiguracji. Potem wszystko zostanie przesłane samo.",
            ),
            (
                "The group of this number is gone from SARE, and the configuration adds to it. New contacts of that group wait; everything else goes on.",
                "Make a group of this number in SARE, or choose another one in the configuration. Everything is sent by itself then.",
            ),
        ),
        "sare-property-gone" => (
            Merchant,
            (
                "Cechy o tej nazwie nie ma już w SARE, a mapowanie do niej zapisuje. Kontakty są przesyłane bez niej.",
                "Proszę dodać cechę o tej nazwie w SARE (Adresy > Struktura bazy) albo usunąć jej wiersz z mapowania. Potem wartości zostaną przesłane same.",
            ),
            (
                "The property of this name is gone from SARE, and the mapping writes to it. Contacts are sent without it.",
                "Add a property of this name in SARE (Adresy > Struktura bazy), or take its row out of the mapping. The values are sent by themselves then.",
            ),
        ),
        "custom-fields-refused" => (
            Merchant,
            (
                "SARE przyjęło kontakt dopiero bez jego własnych cech.",
                "Proszę sprawdzić, czy wartości mapowane na cechy są tam dozwolone (listy przyjmują tylko swoje wartości).",
            ),
            (
                "SARE took the contact only without its own properties.",
                "Check that the values mapped to custom properties are allowed there (lists take only their own values).",
            ),
        ),
        "sare-changes-statuses" => (
            Sare,
            (
                "Na tym koncie SARE aktualizacja danych zmieniała statusy osób, więc nic więcej nie jest zapisywane.",
                "Proszę poprosić SARE, aby nie zmieniało statusów, gdy `update_status_on_duplicate` ma wartość false, a potem pozwolić spróbować ponownie.",
            ),
            (
                "In this SARE account updates of data changed people's statuses, so nothing is written any more.",
                "Ask SARE to leave statuses alone when `update_status_on_duplicate` is false; then let it be tried again (on the command line: `shop resume SHOP --release-brake`).",
            ),
        ),
        "sare-unsure" => (
            Itself,
            (
                "Kontakt był w SARE, a SARE nie mówi na pewno, czy nadal tam jest.",
                "Nic nie jest w tym czasie dodawane, żeby nikt nie wrócił przez pomyłkę; próba powtórzy się sama.",
            ),
            (
                "The contact was in SARE, and SARE does not say for certain whether it still is.",
                "Nothing is added meanwhile, so that nobody is brought back by mistake; it is tried again by itself.",
            ),
        ),
        "addresses-not-readable" => (
            Shoper,
            (
                "Sklep nie udostępnia adresów klientów, więc pola mapowane z nich pozostają w SARE takie, jakie są.",
                "Proszę usunąć z mapowania wiersze z polami adresu albo zapytać Shoper, dlaczego listy adresów nie można pytać według klienta.",
            ),
            (
                "The shop does not give out customers' addresses, so fields mapped from them stay as they are in SARE.",
                "Take rows that begin with `address.` out of the mapping, or ask Shoper why its list of addresses cannot be asked for by customer.",
            ),
        ),
        "consent-not-said" => (
            Shoper,
            (
                "Sklep nie podaje, czy te osoby zgadzają się na newsletter: pole jest puste, nieobecne albo ma inną wartość niż 0 i 1. Szczegóły podają pole, liczbę wpisów i ich numery.",
                "Nikt nie został z tego powodu wypisany: znane osoby zachowują zgodę, którą sklep podał wcześniej, a nowe są co najwyżej niepotwierdzone. Proszę zapytać Shoper albo autora ostatniej zmiany w sklepie, dlaczego pole nie jest podawane; gdy wróci, wszystko wyrówna się samo.",
            ),
            (
                "The shop does not say whether these people want the newsletter: the member is empty, absent or something else than 0 and 1. The detail names the member, how many records there are, and their numbers.",
                "Nobody was unsubscribed for it: people known before keep the consent that the shop told then, and new ones are unconfirmed at most. Ask Shoper, or whoever changed the shop last, why it is not told; when it is again, all is put right by itself.",
            ),
        ),
        "addresses-in-part" => (
            Shoper,
            (
                "Sklep nie pozwala pytać o adresy jednego klienta, a na liście wszystkich adresów nie dało się odczytać każdego wpisu.",
                "Klientom, których adresu nie znaleziono, pola mapowane z adresu pozostają w SARE takie, jakie są. Lista jest czytana od nowa przy każdej pełnej synchronizacji; jeśli to się powtarza, proszę zgłosić Shoper, że jej stron nie da się odczytać.",
            ),
            (
                "The shop cannot be asked for one customer's addresses, and not every entry of the list of all of them could be read.",
                "For customers without an address found, fields mapped from it stay in SARE as they are. The list is read anew with every whole synchronisation; if this stays, tell Shoper that its pages cannot be read.",
            ),
        ),
        "shop-refused" => (
            Itself,
            (
                "Sklep nie przyjął zmiany.",
                "Proszę obejrzeć ten wpis w sklepie; próba powtórzy się sama.",
            ),
            (
                "The shop did not take a change.",
                "Look at the record in the shop; it is tried again by itself.",
            ),
        ),
        "status-not-taken" => (
            Merchant,
            (
                "SARE nie wykonuje zmiany statusu tego kontaktu, choć ją przyjmuje: odczytany status jest wciąż dawny.",
                "Proszę zmienić status ręcznie w SARE. Wypisanie jest też ponawiane samo aż do skutku, coraz rzadziej, najrzadziej raz na dobę, a na żądanie od razu; do tego czasu osoba jest poza grupami tej integracji.",
            ),
            (
                "SARE does not carry out a change of this contact's status: the status read back is still the old one.",
                "Change the status in SARE by hand. An unsubscription is also tried again by itself until it is proven, ever more rarely, at least once a day, and at once on demand; until then the person is kept out of the groups of this integration.",
            ),
        ),
        "group-not-left" => (
            Merchant,
            (
                "SARE nie przyjęło usunięcia kontaktu z grupy.",
                "Proszę sprawdzić w SARE, czy grupa nadal istnieje, i usunąć z niej kontakt ręcznie; próba powtarza się też sama.",
            ),
            (
                "SARE did not take the removal of the contact from a group.",
                "See in SARE whether the group still exists, and take the contact out of it by hand; it is also tried again by itself.",
            ),
        ),
        "record-locked" => (
            Itself,
            (
                "Administrator ma ten wpis otwarty w sklepie.",
                "Nie trzeba nic robić: próba powtórzy się sama.",
            ),
            (
                "An administrator has the record open in the shop.",
                "Nothing to do: it is tried again.",
            ),
        ),
        "shop-away" => (
            Itself,
            (
                "Sklep od kilku minut nie odpowiada.",
                "Nic nie przepada: zmiany czekają i zostaną przesłane same, gdy tylko sklep odpowie. Jeśli sklep otwiera się w przeglądarce, a to nie mija przez godzinę, proszę napisać do obsługi Shopera.",
            ),
            (
                "The shop has not answered for several minutes.",
                "Nothing is lost: changes wait and are carried out by themselves as soon as the shop answers. If the shop opens in a browser and this does not pass within an hour, ask Shoper's support.",
            ),
        ),
        "sare-away" => (
            Itself,
            (
                "SARE od kilku minut nie odpowiada.",
                "Nic nie przepada: zmiany czekają i zostaną przesłane same, gdy tylko SARE odpowie. Jeśli to nie mija przez godzinę, proszę napisać do obsługi SARE.",
            ),
            (
                "SARE has not answered for several minutes.",
                "Nothing is lost: changes wait and are carried out by themselves as soon as SARE answers. If this does not pass within an hour, ask SARE's support.",
            ),
        ),
        "list-not-understood" | "sare-not-understood" => (
            Itself,
            (
                "Jedna z usług odpowiedziała w sposób, którego nie rozumiemy.",
                "Niczego nie zmieniono. Próba powtórzy się sama; jeśli problem nie zniknie, proszę przesłać szczegóły do obsługi.",
            ),
            (
                "A service answered in a way we do not understand.",
                "Nothing was changed. It is tried again; if it stays, send the detail to support.",
            ),
        ),
        _ => (
            Itself,
            ("Coś wymaga uwagi.", "Próba powtórzy się sama; szczegóły są obok."),
            (
                "Something needs attention.",
                "It is tried again by itself; see the detail.",
            ),
        ),
    }
}
