//! Findings in words, in both languages.

use super::TemplateFault;
use super::{Kind, What};
use crate::RecordKind;

/// Most items named in one sentence.
const MOST_NAMED: usize = 12;

pub(super) fn polish(what: &What) -> String {
    match what {
        What::Syntax(message) => format!("Plik nie jest poprawnym TOML ({message})."),
        What::UnknownKey { key, similar } => {
            format!("Nie ma ustawienia „{key}”.{}", meant_pl(similar))
        }
        What::Missing { example } => {
            format!("Brakuje tego ustawienia. Dopisz na przykład: {example}.")
        }
        What::WrongType { found, wanted } => {
            format!("Oczekiwano: {}. Jest: {}.", kind_pl(*wanted), kind_pl(*found))
        }
        What::NotAllowed { value, allowed } => {
            format!(
                "„{}” nie jest tu znane. Możliwe wartości: {}.",
                short(value),
                allowed.join(", ")
            )
        }
        What::OutOfRange { least, most } => format!("Wartość powinna być między {least} a {most}."),
        What::BadUid => {
            "UID konta SARE to co najmniej trzy cyfry w cudzysłowie, na przykład \"12345\".".to_owned()
        }
        What::OddKey => {
            "Klucz API wygląda nietypowo. Potrzebny jest klucz nowego REST API, utworzony w SARE: \
                         Zaawansowane > API > REST API."
                .to_owned()
        }
        What::BadDomain(text) => format!(
            "„{}” nie jest domeną. Przykłady: \"allegromail.pl\", \"marketplace.amazon.*\".",
            short(text)
        ),
        What::NothingEnabled => {
            "Nie włączono ani klientów, ani subskrybentów, więc nic nie będzie synchronizowane.".to_owned()
        }
        What::UnknownTarget { target, similar } => format!(
            "„{target}” nie jest polem kontaktu w SARE. Możliwe: name, gsm, comment, prop1 do prop9, custom.NAZWA.{}",
            meant_pl(similar)
        ),
        What::DuplicateTarget => {
            "To pole SARE jest już wypełniane przez inny wiersz. Zostaw jeden.".to_owned()
        }
        What::UnknownField { field, kind, similar } => format!(
            "„{}” nie jest polem {}.{} Stały tekst zapisuje się tak: {{ value = \"tekst\" }}.",
            short(field),
            match kind {
                RecordKind::Customer => "klienta",
                RecordKind::Subscriber => "subskrybenta",
            },
            meant_pl(similar)
        ),
        What::BadTemplate(fault) => match fault {
            TemplateFault::Unclosed => "W szablonie brakuje zamykającego nawiasu }.".to_owned(),
            TemplateFault::Stray => {
                "W szablonie jest } bez otwierającego {. Sam znak zapisuje się podwójnie: }}.".to_owned()
            }
            TemplateFault::Empty => "W szablonie są puste nawiasy {}. Wpisz w nie nazwę pola.".to_owned(),
        },
        What::UnknownTransform { name, similar } => {
            format!("Nie ma przekształcenia „{}”.{}", short(name), meant_pl(similar))
        }
        What::BadTransform { written, example } => {
            format!(
                "Przekształcenie „{}” jest niepełne lub błędne. Poprawnie na przykład: {example}.",
                short(written)
            )
        }
        What::NoSource => {
            "Wiersz nie mówi, skąd wziąć wartość. Podaj from = \"pole\" albo value = \"tekst\".".to_owned()
        }
        What::TwoSources => "Wiersz ma i from, i value. Zostaw jedno z nich.".to_owned(),
        What::UnknownGroup { group, known } => {
            format!("W SARE nie ma grupy {group}. Są: {}.", numbered(known))
        }
        What::UnknownProperty {
            name,
            similar,
            certain,
        } => {
            let meant = meant_pl(similar);
            if *certain {
                format!(
                    "W SARE nie ma cechy „{name}”.{meant} Nową cechę dodaje się w SARE: Adresy > Struktura bazy."
                )
            } else {
                format!("SARE nie podaje swoich cech, więc nie wiadomo, czy istnieje „{name}”.{meant}")
            }
        }
        What::NotInList { value, allowed } => {
            format!(
                "Ta cecha SARE nie przyjmuje wartości „{}”. Możliwe: {}.",
                short(value),
                listed(allowed)
            )
        }
        What::NotANumber { value } => format!(
            "Ta cecha SARE przyjmuje liczby, a „{}” nią nie jest.",
            short(value)
        ),
        What::TextForNumber { field } => {
            format!("Ta cecha SARE przyjmuje liczby, a pole {field} zawiera tekst.")
        }
        What::TooLong { chars, max } => {
            format!(
                "Wartość ma {chars} znaków, a ta cecha SARE mieści {max}. Pomaga przekształcenie max:{max}."
            )
        }
        What::UnknownAdditionalField { id, known } => {
            format!(
                "W sklepie nie ma dodatkowego pola klienta o numerze {id}. Są: {}.",
                numbered(known)
            )
        }
    }
}

pub(super) fn english(what: &What) -> String {
    match what {
        What::Syntax(message) => format!("The file is not valid TOML ({message})."),
        What::UnknownKey { key, similar } => format!("There is no setting \"{key}\".{}", meant_en(similar)),
        What::Missing { example } => format!("This setting is missing. Please add, for example: {example}."),
        What::WrongType { found, wanted } => format!("Expected {}, found {}.", kind_en(*wanted), kind_en(*found)),
        What::NotAllowed { value, allowed } => {
            format!("\"{}\" is not known here. Possible values: {}.", short(value), allowed.join(", "))
        }
        What::OutOfRange { least, most } => format!("The value should be between {least} and {most}."),
        What::BadUid => "A SARE account's UID is at least three digits in quotes, for example \"12345\".".to_owned(),
        What::OddKey => "The API key looks unusual. It should be a key of the new REST API, made in SARE under \
                         Zaawansowane > API > REST API."
            .to_owned(),
        What::BadDomain(text) => format!(
            "“{}” is no domain. Examples: \"allegromail.pl\", \"marketplace.amazon.*\".",
            short(text)
        ),
        What::NothingEnabled => {
            "Neither customers nor subscribers are enabled, so nothing will be synchronised.".to_owned()
        }
        What::UnknownTarget { target, similar } => format!(
            "\"{target}\" is not a field of a SARE contact. Possible: name, gsm, comment, prop1 to prop9, custom.NAME.{}",
            meant_en(similar)
        ),
        What::DuplicateTarget => "Another row already fills this SARE field. Please keep one.".to_owned(),
        What::UnknownField { field, kind, similar } => format!(
            "\"{}\" is not a field of a {}.{} A constant text is written {{ value = \"text\" }}.",
            short(field),
            match kind {
                RecordKind::Customer => "customer",
                RecordKind::Subscriber => "subscriber",
            },
            meant_en(similar)
        ),
        What::BadTemplate(fault) => match fault {
            TemplateFault::Unclosed => "The template lacks a closing }.".to_owned(),
            TemplateFault::Stray => "The template has a } without a {. The character itself is written twice: }}.".to_owned(),
            TemplateFault::Empty => "The template has empty braces {}. Please put a field's name between them.".to_owned(),
        },
        What::UnknownTransform { name, similar } => {
            format!("There is no transform \"{}\".{}", short(name), meant_en(similar))
        }
        What::BadTransform { written, example } => {
            format!("The transform \"{}\" is incomplete or wrong. It is written like this: {example}.", short(written))
        }
        What::NoSource => {
            "The row does not say where its value comes from. Please give from = \"field\" or value = \"text\".".to_owned()
        }
        What::TwoSources => "The row has both from and value. Please keep one of them.".to_owned(),
        What::UnknownGroup { group, known } => format!("SARE has no group {group}. There are: {}.", numbered(known)),
        What::UnknownProperty { name, similar, certain } => {
            let meant = meant_en(similar);
            if *certain {
                format!("SARE has no property \"{name}\".{meant} New ones are added in SARE under Adresy > Struktura bazy.")
            } else {
                format!("SARE does not list its properties, so it is not known whether \"{name}\" exists.{meant}")
            }
        }
        What::NotInList { value, allowed } => {
            format!("This SARE property does not take \"{}\". Possible: {}.", short(value), listed(allowed))
        }
        What::NotANumber { value } => format!("This SARE property takes numbers, and \"{}\" is none.", short(value)),
        What::TextForNumber { field } => format!("This SARE property takes numbers, and the field {field} holds text."),
        What::TooLong { chars, max } => {
            format!("The value has {chars} characters, and this SARE property holds {max}. The transform max:{max} helps.")
        }
        What::UnknownAdditionalField { id, known } => {
            format!("The shop has no additional customer field with number {id}. There are: {}.", numbered(known))
        }
    }
}

fn kind_pl(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "tekst w cudzysłowie",
        Kind::Integer => "liczba całkowita bez cudzysłowu",
        Kind::Number => "liczba bez cudzysłowu",
        Kind::Flag => "true albo false",
        Kind::List => "lista w nawiasach [ ]",
        Kind::Table => "sekcja",
        Kind::Date => "data",
        Kind::TextOrTable => "tekst w cudzysłowie albo wiersz w nawiasach { }",
    }
}

fn kind_en(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text in quotes",
        Kind::Integer => "a whole number without quotes",
        Kind::Number => "a number without quotes",
        Kind::Flag => "true or false",
        Kind::List => "a list in [ ]",
        Kind::Table => "a section",
        Kind::Date => "a date",
        Kind::TextOrTable => "text in quotes or a row in { }",
    }
}

fn meant_pl(similar: &[String]) -> String {
    if similar.is_empty() {
        String::new()
    } else {
        format!(" Czy chodziło o: {}?", similar.join(", "))
    }
}

fn meant_en(similar: &[String]) -> String {
    if similar.is_empty() {
        String::new()
    } else {
        format!(" Did you mean: {}?", similar.join(", "))
    }
}

fn short(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST).chain(['…']).collect()
}

fn listed(values: &[String]) -> String {
    let mut named = values
        .iter()
        .take(MOST_NAMED)
        .map(|v| short(v))
        .collect::<Vec<_>>()
        .join(", ");
    if values.len() > MOST_NAMED {
        named.push_str(", …");
    }
    named
}

fn numbered(known: &[(i64, String)]) -> String {
    if known.is_empty() {
        return "–".to_owned();
    }
    listed(
        &known
            .iter()
            .map(|(number, name)| format!("{number} ({name})"))
            .collect::<Vec<_>>(),
    )
}
