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
