//! Files of the panel, served out of the program under names that change with their content, so that browsers may
//! keep them for good.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use sha2::{Digest, Sha256};

use crate::error::Error;

/// A page's style is part of the one sheet, so that going from page to page loads nothing.
const STYLE: &str = concat!(
    include_str!("static/panel.css"),
    include_str!("static/mapping.css"),
    include_str!("static/overview.css"),
    include_str!("static/contacts.css"),
    include_str!("static/launch.css"),
);

/// The one script of all pages.
const SCRIPT: &str = concat!(
    include_str!("static/panel.js"),
    include_str!("static/away.js"),
    include_str!("static/follow.js"),
);

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

/// Name, kind, content.
const FILES: &[(&str, &str, &str)] = &[
    ("panel.css", CSS, STYLE),
    ("panel.js", JS, SCRIPT),
    ("mapping.js", JS, include_str!("static/mapping.js")),
    ("choose.js", JS, include_str!("static/choose.js")),
];

struct Asset {
    file: &'static str,
    /// The name it is served under.
    name: String,
    kind: &'static str,
    content: String,
}

/// A file without what only its author reads: indentation and lines that are comments. Both stand on lines of their own
/// there, and no string goes over a line.
fn lean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_comment = false;
    for line in text.lines().map(str::trim) {
        is_comment |= line.starts_with("/*");
        let is_left_out = is_comment || line.is_empty() || line.starts_with("//");
        is_comment &= !line.ends_with("*/");
        if !is_left_out {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let asset = |(file, kind, content): &(&'static str, &'static str, &'static str)| {
        let content = lean(content);
        let hash = hex::encode(&Sha256::digest(content.as_bytes())[..8]);
        let (stem, end) = file.split_once('.').unwrap_or((file, ""));
        Asset {
            file,
            name: format!("{stem}.{hash}.{end}"),
            kind,
            content,
        }
    };
    FILES.iter().map(asset).collect()
});

/// Where a file is served; every address begins with `base`, the path of the public address.
pub fn address(base: &str, file: &str) -> String {
    let name = ASSETS.iter().find(|asset| asset.file == file);
    format!(
        "{base}/panel/assets/{}",
        name.map_or(file, |asset| asset.name.as_str())
    )
}

/// Serves one file.
pub async fn serve(Path(name): Path<String>) -> Result<Response, Error> {
    let asset = ASSETS
        .iter()
        .find(|asset| asset.name == name)
        .ok_or(Error::NoSuchPage)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.kind)),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=31536000, immutable"),
        ),
    ];
    Ok((headers, asset.content.as_str()).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_get_is_without_comments_and_otherwise_the_same() {
        let text = "/* One. */\n  a { b: c; } /* beside */\n\n// two\n/* three\n   lines */\nd\n";
        assert_eq!(lean(text), "a { b: c; } /* beside */\nd\n");
        for (_, _, content) in FILES {
            let lean = lean(content);
            assert!(lean.len() * 10 > content.len() * 7, "more than comments has gone");
            assert!(lean.lines().all(|line| content.contains(line)));
        }
    }
}
