//! Bearer tokens of the operator: compared in constant time, length included.

use http::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::Error;

/// Checks the call against `expected`. Without an expected token the part it guards is switched off.
///
/// # Errors
/// [`Error::SwitchedOff`], [`Error::Unauthorised`].
pub fn check(headers: &HeaderMap, expected: Option<&SecretString>) -> Result<(), Error> {
    let expected = expected
        .filter(|token| !token.expose_secret().is_empty())
        .ok_or(Error::SwitchedOff)?;
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let (scheme, token) = given.split_once(' ').unwrap_or_default();
    if scheme.eq_ignore_ascii_case("bearer") && same(token.trim(), expected.expose_secret()) {
        Ok(())
    } else {
        Err(Error::Unauthorised)
    }
}

/// Whether two secrets are the same, in a time that tells nothing of either.
pub fn same(one: &str, other: &str) -> bool {
    Sha256::digest(one).ct_eq(&Sha256::digest(other)).into()
}
