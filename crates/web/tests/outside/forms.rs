//! Forms of the mapping's pages as a browser fills them in and posts them, and parts of those pages.

use http::Method;

use crate::browser::Browser;
use crate::world::Answer;

/// A form as a browser would post it.
#[derive(Clone)]
pub struct Form(pub Vec<(String, String)>);

fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let rest = tag.split_once(&format!(" {name}=\""))?.1;
    rest.split_once('"').map(|(value, _)| value)
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

impl Form {
    /// The fields of the page's form with the values that they have.
    pub fn of(page: &str) -> Self {
        let form = page.split_once(" data-guard").expect("there is the form").1;
        let form = form.split_once("</form>").unwrap().0;
        let (before, rest) = form.split_once("<template").unwrap();
        let form = format!("{before}{}", rest.split_once("</template>").unwrap().1);
        let mut fields = Vec::new();
        for part in form.split('<').skip(1) {
            let tag = part.split('>').next().unwrap();
            let value = || unescaped(attribute(tag, "value").unwrap_or_default());
            if tag.starts_with("input") {
                let is_choice = matches!(attribute(tag, "type"), Some("checkbox" | "radio"));
                if !is_choice || tag.ends_with(" checked") || tag.contains(" checked ") {
                    fields.push((attribute(tag, "name").unwrap().to_owned(), value()));
                }
            } else if tag.starts_with("select") {
                fields.push((attribute(tag, "name").unwrap().to_owned(), String::new()));
            } else if tag.starts_with("option") && tag.ends_with(" selected") {
                fields.last_mut().unwrap().1 = value();
            }
        }
        Self(fields)
    }

    pub fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    pub fn set(mut self, name: &str, value: &str) -> Self {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some(found) => found.1 = value.to_owned(),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    /// With one row more: its fields by name.
    pub fn with_row(self, key: &str, fields: &[(&str, &str)]) -> Self {
        let mut form = self;
        form.0.push(("row".to_owned(), key.to_owned()));
        for (name, value) in fields {
            form.0.push((format!("{name}.{key}"), (*value).to_owned()));
        }
        form
    }

    /// Without any row.
    pub fn bare(mut self) -> Self {
        self.0.retain(|(name, _)| name != "row" && !name.contains('.'));
        self
    }

    /// Keys of its rows, in their order.
    pub fn rows(&self) -> Vec<&str> {
        let rows = self.0.iter().filter(|(name, _)| name == "row");
        rows.map(|(_, key)| key.as_str()).collect()
    }

    pub fn targets(&self) -> Vec<&str> {
        let keys = self.rows().into_iter();
        keys.map(|key| self.get(&format!("target.{key}"))).collect()
    }
}

/// A part of a page or a preview.
pub fn part<'t>(text: &'t str, id: &str) -> &'t str {
    let marks = [format!("data-for=\"{id}\""), format!("id=\"{id}\"")];
    let start = marks
        .iter()
        .find_map(|mark| text.find(mark))
        .expect("the part is there");
    let end = text[start + 1..]
        .find("data-for=")
        .map_or(text.len(), |end| start + 1 + end);
    &text[start..end]
}

impl Browser<'_> {
    /// The form of a page.
    pub async fn form(&self, page: &str) -> Form {
        Form::of(&self.see(page).await)
    }

    /// Posts a form by one of its buttons.
    pub async fn submit(&self, page: &str, form: &Form, op: &str) -> Answer {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(&form.0).append_pair("op", op);
        let to = format!("{}{page}", self.base);
        self.world.call(Method::POST, &to, &[], body.finish()).await
    }

    /// What a page's script is told while somebody types.
    pub async fn preview(&self, page: &str, form: &Form) -> String {
        let answer = self.submit(&format!("{page}/preview"), form, "").await;
        assert_eq!(answer.status, 200);
        answer.text().to_owned()
    }
}
