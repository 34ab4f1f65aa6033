//! The shop in a path, and addresses of people in bodies.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use store::Shop;
use sync_core::Email;
use utoipa::ToSchema;

use crate::error::Error;
use crate::state::App;

/// The shop that `{shop}` names: by host (with port) or licence hash.
pub struct Named(pub Shop);

#[derive(Deserialize)]
struct ShopParam {
    shop: String,
}

impl FromRequestParts<App> for Named {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let Path(param) = Path::<ShopParam>::from_request_parts(parts, app)
            .await
            .map_err(|_| Error::NoSuchShop)?;
        app.store
            .find_shop(&param.shop)
            .await?
            .map(Self)
            .ok_or(Error::NoSuchShop)
    }
}

/// A JSON body, whatever its content type says; an absent one is an empty object.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self, Error> {
        let bytes = bytes::Bytes::from_request(request, app)
            .await
            .map_err(|error| Error::Malformed(error.body_text()))?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        match axum::Json::<T>::from_bytes(text) {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(JsonRejection::JsonDataError(error)) => Err(Error::Malformed(error.body_text())),
            Err(_) => Err(Error::Malformed("the body is no JSON".to_owned())),
        }
    }
}

/// One person's address.
#[derive(Deserialize, ToSchema)]
pub struct Address {
    /// The address.
    #[schema(example = "jan@example.com")]
    email: String,
}

impl Address {
    /// The address, checked.
    pub fn checked(&self) -> Result<Email, Error> {
        Email::parse(&self.email).map_err(|error| Error::Malformed(error.to_string()))
    }
}
