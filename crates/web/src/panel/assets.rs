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

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

/// Name, kind, content.
const FILES: &[(&str, &str, &str)] = &[
    ("panel.css", CSS, STYLE),
    ("panel.js", JS, include_str!("static/panel.js")),
    ("mapping.js", JS, include_str!("static/mapping.js")),
];

struct Asset {
    file: &'static str,
    /// The name it is served under.
    name: String,
    kind: &'static str,
    content: &'static str,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let asset = |(file, kind, content): &(&'static str, &'static str, &'static str)| {
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
    Ok((headers, asset.content).into_response())
}
