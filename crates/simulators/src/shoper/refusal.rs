//! How a shop says no (shoper-api.md D.6).

use http::StatusCode;

use super::settings::{AdminRefused, LockedCode, NotFoundCode, ShopSettings};

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 400: values of the body are wrong.
    Invalid(Vec<FieldFault>),
    /// 400: the request makes no sense.
    Malformed(&'static str),
    /// 400: OAuth's own refusals.
    Grant(&'static str, &'static str),
    /// 401: no token, a wrong one, or one that has ended.
    Unauthorized,
    /// 401: login by name and password failed.
    AuthFailure,
    /// 403: the password is right and the login is refused all the same.
    AdminRefused(AdminRefused),
    /// 403: the token does not reach this far.
    Forbidden,
    /// 404: no such object.
    NotFound,
    /// 405
    MethodNotAllowed,
    /// 409: an administrator has the object open.
    Locked,
    /// 429, with the seconds to wait.
    TooManyRequests(u64),
    /// 500
    ServerError,
    /// 501
    NotImplemented,
    /// 503: the application is locked.
    ApplicationLocked,
}

/// What is wrong with one value of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldFault {
    /// Name of the field.
    pub field: &'static str,
    /// What is wrong with it.
    pub kind: FaultKind,
}

/// What can be wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// It is missing.
    Required,
    /// Another object has it.
    Taken(String),
    /// It is not of the kind demanded; the value is told back.
    Unusable(String),
}

/// In which language error texts come (shoper-api.md B.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Polish,
    English,
}

impl Language {
    /// From `Accept-Language`; the shop's own language is Polish.
    pub(super) fn of(accept: Option<&str>) -> Self {
        match accept {
            Some(accept) if !accept.trim_start().to_ascii_lowercase().starts_with("pl") => Self::English,
            _ => Self::Polish,
        }
    }
}

impl Refusal {
    /// The HTTP status.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) | Self::Malformed(_) | Self::Grant(..) => StatusCode::BAD_REQUEST,
            Self::Unauthorized | Self::AuthFailure => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::AdminRefused(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Locked => StatusCode::CONFLICT,
            Self::TooManyRequests(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::ApplicationLocked => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The refusal behind a status that a fault orders, where a shop has one of its own; a 404 has
    /// none, for Shoper's own body would say that an object is gone.
    pub(super) fn of_status(status: u16) -> Option<Self> {
        match status {
            400 => Some(Self::Malformed("The request is invalid")),
            401 => Some(Self::Unauthorized),
            403 => Some(Self::Forbidden),
            409 => Some(Self::Locked),
            429 => Some(Self::TooManyRequests(1)),
            500 => Some(Self::ServerError),
            503 => Some(Self::ApplicationLocked),
            _ => None,
        }
    }

    /// The body; empty for the statuses that come without one.
    pub(super) fn body(&self, settings: &ShopSettings, language: Language) -> Vec<u8> {
        let unavailable = "temporarily_unavailable";
        let (code, text) = match self {
            Self::Invalid(faults) => {
                let texts: Vec<String> = faults.iter().map(|fault| fault.text(language)).collect();
                ("invalid_request", texts.join("; "))
            }
            Self::Malformed(text) => ("invalid_request", (*text).to_owned()),
            Self::Grant(code, text) => (*code, (*text).to_owned()),
            Self::Unauthorized => (
                "unauthorized_client",
                "Provided access token is invalid".to_owned(),
            ),
            Self::AuthFailure => ("auth_failure", "Authentication failed".to_owned()),
            Self::AdminRefused(why) => match why {
                AdminRefused::Ip => ("auth_ip_not_allowed", "IP address is not allowed".to_owned()),
                AdminRefused::WebApi => ("auth_webapi_access_denied", "WebAPI access denied".to_owned()),
            },
            Self::Forbidden => (
                "insufficient_scope",
                "The request requires higher privileges than provided by the access token".to_owned(),
            ),
            Self::NotFound => {
                let code = match settings.not_found_error_code {
                    NotFoundCode::InvalidRequest => "invalid_request",
                    NotFoundCode::ServerError => "server_error",
                };
                (code, "Resource not found".to_owned())
            }
            Self::MethodNotAllowed | Self::NotImplemented => return Vec::new(),
            Self::Locked => {
                let code = match settings.locked_error_code {
                    LockedCode::TemporarilyUnavailable => unavailable,
                    LockedCode::ServerError => "server_error",
                };
                (code, "Object is locked by another administrator".to_owned())
            }
            Self::TooManyRequests(_) => (unavailable, "Calls limit exceeded".to_owned()),
            Self::ServerError => ("server_error", "Internal server error".to_owned()),
            Self::ApplicationLocked => (unavailable, "Application is locked".to_owned()),
        };
        let mut json = super::json::Json::new(settings);
        json.object(None, |json| {
            json.text("error", code);
            json.text("error_description", &text);
        });
        json.into_bytes()
    }
}

impl FieldFault {
    fn text(&self, language: Language) -> String {
        let field = self.field;
        match language {
            Language::Polish => {
                let what = match &self.kind {
                    FaultKind::Required => "Pole wymagane".to_owned(),
                    FaultKind::Taken(value) => format!("Wartość '{value}' już istnieje"),
                    FaultKind::Unusable(value) => format!("Wartość '{value}' jest niepoprawna"),
                };
                format!("Wartość pola '{field}' jest niepoprawna: {what}")
            }
            Language::English => {
                let what = match &self.kind {
                    FaultKind::Required => "Required field".to_owned(),
                    FaultKind::Taken(value) => format!("Value '{value}' already exists"),
                    FaultKind::Unusable(value) => format!("Value '{value}' is incorrect"),
                };
                format!("Value of field '{field}' is invalid: {what}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(refusal: &Refusal, settings: &ShopSettings, language: Language) -> String {
        String::from_utf8(refusal.body(settings, language)).unwrap()
    }

    #[test]
    fn several_wrong_fields_are_told_together_in_the_language_asked_for() {
        let refusal = Refusal::Invalid(vec![
            FieldFault {
                field: "email",
                kind: FaultKind::Required,
            },
            FieldFault {
                field: "status_id",
                kind: FaultKind::Required,
            },
        ]);
        assert_eq!(
            text(
                &refusal,
                &ShopSettings::default(),
                Language::of(Some("pl_PL;q=0.8"))
            ),
            r#"{"error":"invalid_request","error_description":"Wartość pola 'email' jest niepoprawna: Pole wymagane; Wartość pola 'status_id' jest niepoprawna: Pole wymagane"}"#
        );
        let kind = FaultKind::Taken("x@example.com".to_owned());
        let taken = Refusal::Invalid(vec![FieldFault { field: "email", kind }]);
        assert_eq!(
            text(&taken, &ShopSettings::default(), Language::of(None)),
            r#"{"error":"invalid_request","error_description":"Wartość pola 'email' jest niepoprawna: Wartość 'x@example.com' już istnieje"}"#
        );
        assert!(
            text(&taken, &ShopSettings::default(), Language::of(Some("en_US"))).contains("already exists")
        );
    }

    #[test]
    fn the_codes_of_404_and_409_follow_the_settings() {
        let mut settings = ShopSettings::default();
        assert!(text(&Refusal::NotFound, &settings, Language::Polish).contains("\"invalid_request\""));
        assert!(text(&Refusal::Locked, &settings, Language::Polish).contains("\"temporarily_unavailable\""));
        settings.not_found_error_code = NotFoundCode::ServerError;
        settings.locked_error_code = LockedCode::ServerError;
        assert!(text(&Refusal::NotFound, &settings, Language::Polish).contains("\"server_error\""));
        assert!(text(&Refusal::Locked, &settings, Language::Polish).contains("\"server_error\""));
    }

    #[test]
    fn a_404_made_by_a_fault_never_looks_like_a_deleted_object() {
        assert_eq!(Refusal::of_status(404), None);
        assert_eq!(Refusal::of_status(403), Some(Refusal::Forbidden));
    }
}
