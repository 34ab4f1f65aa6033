//! Files of the panel, served out of the program under names that change with their content, so that browsers may
//! keep them for good.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use sha2::{Digest, Sha256};

use crate::error::Error;

struct Asset {
    name: String,
    kind: &'static str,
    content: &'static [u8],
}

/// The style sheet's address.
pub static STYLE: LazyLock<String> = LazyLock::new(|| address(&FILES[0]));
/// The script's address.
pub static SCRIPT: LazyLock<String> = LazyLock::new(|| address(&FILES[1]));

static FILES: LazyLock<[Asset; 2]> = LazyLock::new(|| {
    [
        asset(
            "panel",
            "css",
            "text/css; charset=utf-8",
            include_bytes!("static/panel.css"),
        ),
        asset(
            "panel",
            "js",
            "text/javascript; charset=utf-8",
            include_bytes!("static/panel.js"),
        ),
    ]
});

fn asset(stem: &str, end: &str, kind: &'static str, content: &'static [u8]) -> Asset {
    let hash = hex::encode(&Sha256::digest(content)[..8]);
    Asset {
        name: format!("{stem}.{hash}.{end}"),
        kind,
        content,
    }
}

fn address(asset: &Asset) -> String {
    format!("/panel/assets/{}", asset.name)
}

/// Serves one file.
pub async fn serve(Path(file): Path<String>) -> Result<Response, Error> {
    let asset = FILES
        .iter()
        .find(|asset| asset.name == file)
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
