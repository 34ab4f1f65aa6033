//! JSON as a shop writes it: ids, flags and decimals as strings, dates in Warsaw's time, written
//! straight into a buffer (shoper-api.md D.5).

use std::io::Write;

use ports::Millis;

use super::settings::{ShopSettings, WireTypes};
use super::warsaw;

/// What "never" looks like.
pub(super) const NEVER: &str = "0000-00-00 00:00:00";

/// A buffer that JSON is written into. Commas are placed by it; brackets are the caller's.
#[derive(Debug)]
pub(super) struct Json {
    out: Vec<u8>,
    numbers: bool,
    php_escapes: bool,
}

impl Json {
    /// An empty buffer that writes as the settings say.
    pub(super) fn new(settings: &ShopSettings) -> Self {
        Self {
            out: Vec::with_capacity(256),
            numbers: settings.wire_types == WireTypes::Numbers,
            php_escapes: settings.php_escapes,
        }
    }

    /// The text written.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// `{`, `[` or the same as a member of an object.
    pub(super) fn open(&mut self, name: Option<&str>, bracket: u8) {
        match name {
            Some(name) => self.key(name),
            None => self.comma(),
        }
        self.out.push(bracket);
    }

    /// `}` or `]`.
    pub(super) fn close(&mut self, bracket: u8) {
        self.out.push(bracket);
    }

    /// An object written by `fill`.
    pub(super) fn object(&mut self, name: Option<&str>, fill: impl FnOnce(&mut Self)) {
        self.open(name, b'{');
        fill(self);
        self.close(b'}');
    }

    /// An array written by `fill`.
    pub(super) fn array(&mut self, name: Option<&str>, fill: impl FnOnce(&mut Self)) {
        self.open(name, b'[');
        fill(self);
        self.close(b']');
    }

    /// An id or another whole number that comes as a string.
    pub(super) fn id(&mut self, name: &str, value: i64) {
        self.key(name);
        let quote = if self.numbers { "" } else { "\"" };
        self.write(format_args!("{quote}{value}{quote}"));
    }

    /// Such a number, or null.
    pub(super) fn optional_id(&mut self, name: &str, value: Option<i64>) {
        match value {
            Some(value) => self.id(name, value),
            None => self.null(name),
        }
    }

    /// `"0"` or `"1"`.
    pub(super) fn flag(&mut self, name: &str, value: bool) {
        self.id(name, i64::from(value));
    }

    /// Hundredths as a decimal with two places.
    pub(super) fn decimal(&mut self, name: &str, hundredths: i64) {
        self.key(name);
        let quote = if self.numbers { "" } else { "\"" };
        let sign = if hundredths < 0 { "-" } else { "" };
        let (whole, rest) = (hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100);
        self.write(format_args!("{quote}{sign}{whole}.{rest:02}{quote}"));
    }

    /// A whole number that comes as a number always.
    pub(super) fn number(&mut self, name: &str, value: i64) {
        self.key(name);
        self.write(format_args!("{value}"));
    }

    /// A real boolean.
    pub(super) fn boolean(&mut self, name: &str, value: bool) {
        self.key(name);
        self.write(format_args!("{value}"));
    }

    /// A moment in Warsaw, or "never".
    pub(super) fn date(&mut self, name: &str, moment: Option<Millis>) {
        self.key(name);
        match moment {
            Some(moment) => self.write(format_args!("\"{}\"", warsaw::local(moment))),
            None => self.write(format_args!("\"{NEVER}\"")),
        }
    }

    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.key(name);
        self.string(value);
    }

    /// Null.
    pub(super) fn null(&mut self, name: &str) {
        self.key(name);
        self.out.extend_from_slice(b"null");
    }

    /// A text as an item of an array.
    pub(super) fn text_item(&mut self, value: &str) {
        self.comma();
        self.string(value);
    }

    /// A number as an item of an array.
    pub(super) fn number_item(&mut self, value: i64) {
        self.comma();
        self.write(format_args!("{value}"));
    }

    /// JSON written elsewhere, as a member.
    pub(super) fn raw(&mut self, name: &str, json: &[u8]) {
        self.key(name);
        self.out.extend_from_slice(json);
    }

    /// JSON written elsewhere, as a member or as an item.
    pub(super) fn raw_item(&mut self, name: Option<&str>, json: &[u8]) {
        match name {
            Some(name) => self.key(name),
            None => self.comma(),
        }
        self.out.extend_from_slice(json);
    }

    fn key(&mut self, name: &str) {
        self.comma();
        self.string(name);
        self.out.push(b':');
    }

    fn comma(&mut self) {
        if !matches!(self.out.last(), None | Some(b'{' | b'[')) {
            self.out.push(b',');
        }
    }

    fn write(&mut self, args: std::fmt::Arguments<'_>) {
        self.out
            .write_fmt(args)
            .expect("a vector takes all that is written");
    }

    fn string(&mut self, value: &str) {
        self.out.push(b'"');
        let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        if value.bytes().all(plain) && !(self.php_escapes && value.bytes().any(|b| b == b'/' || b >= 0x80)) {
            self.out.extend_from_slice(value.as_bytes());
        } else {
            for c in value.chars() {
                self.character(c);
            }
        }
        self.out.push(b'"');
    }

    fn character(&mut self, c: char) {
        match c {
            '"' => self.out.extend_from_slice(b"\\\""),
            '\\' => self.out.extend_from_slice(b"\\\\"),
            '\n' => self.out.extend_from_slice(b"\\n"),
            '\r' => self.out.extend_from_slice(b"\\r"),
            '\t' => self.out.extend_from_slice(b"\\t"),
            '/' if self.php_escapes => self.out.extend_from_slice(b"\\/"),
            c if c < ' ' || (self.php_escapes && !c.is_ascii()) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    self.write(format_args!("\\u{unit:04x}"));
                }
            }
            c => self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(settings: &ShopSettings, fill: impl FnOnce(&mut Json)) -> String {
        let mut json = Json::new(settings);
        json.object(None, fill);
        String::from_utf8(json.into_bytes()).unwrap()
    }

    #[test]
    fn scalars_are_strings_unless_numbers_are_asked_for() {
        let fill = |json: &mut Json| {
            json.id("id", 7);
            json.flag("active", true);
            json.decimal("discount", -1205);
            json.optional_id("group_id", None);
            json.date("lastvisit", None);
        };
        let strings = ShopSettings::default();
        assert_eq!(
            written(&strings, fill),
            r#"{"id":"7","active":"1","discount":"-12.05","group_id":null,"lastvisit":"0000-00-00 00:00:00"}"#
        );
        let numbers = ShopSettings {
            wire_types: WireTypes::Numbers,
            ..strings
        };
        assert_eq!(
            written(&numbers, fill),
            r#"{"id":7,"active":1,"discount":-12.05,"group_id":null,"lastvisit":"0000-00-00 00:00:00"}"#
        );
    }

    #[test]
    fn php_escapes_change_the_bytes_but_not_the_text() {
        let php = ShopSettings {
            php_escapes: true,
            ..ShopSettings::default()
        };
        let text = written(&php, |json| json.text("city", "Łódź/Śródmieście"));
        assert!(
            text.is_ascii() && text.contains("\\u0141\\u00f3d\\u017a\\/"),
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn any_text_reads_back_as_it_was(value in any::<String>(), php_escapes: bool) {
            let settings = ShopSettings { php_escapes, ..ShopSettings::default() };
            let text = written(&settings, |json| json.text("value", &value));
            let back: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(back["value"].as_str(), Some(value.as_str()));
        }
    }
}
