//! Encryption at rest, and the keyed hashes by which encrypted things are found.
//!
//! XChaCha20-Poly1305. A ciphertext begins with the id of its key (4 bytes) and its nonce (24 bytes). Shop, purpose and
//! row are bound into it, so that one moved to another row does not open. The nonce is a keyed hash of all that and the
//! plaintext: it repeats only where everything repeats, so that no randomness is needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use sync_core::ShopId;
use zeroize::{Zeroize, Zeroizing};

use crate::error::Error;
use crate::model::AddrHash;

/// Length of a key's id.
pub const ID: usize = 4;
const NONCE: usize = 24;

/// Why keys cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// None given.
    #[error("there is no key")]
    None,
    /// One that is none.
    #[error("key {0} is not 64 hexadecimal digits; make one with `shoper-sare generate-key`")]
    Malformed(usize),
}

/// The keys for what is encrypted, newest first.
#[derive(Clone)]
pub struct Keys(Vec<Zeroizing<[u8; 32]>>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

impl Keys {
    /// Reads keys of 64 hexadecimal digits, comma separated, newest first.
    ///
    /// # Errors
    /// None, or one that is not 64 hexadecimal digits; it is named by its place.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        let mut keys = Vec::new();
        for (place, part) in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .enumerate()
        {
            let mut key = Zeroizing::new([0; 32]);
            hex::decode_to_slice(part, key.as_mut()).map_err(|_| KeysError::Malformed(place + 1))?;
            keys.push(key);
        }
        if keys.is_empty() {
            Err(KeysError::None)
        } else {
            Ok(Self(keys))
        }
    }
}

struct Cipher {
    id: [u8; ID],
    aead: XChaCha20Poly1305,
    nonces: Hmac<Sha256>,
}

impl Cipher {
    fn new(key: &[u8; 32]) -> Self {
        let mut digest = Sha256::digest([b"key id", key.as_slice()].concat());
        let mut id = [0; ID];
        id.copy_from_slice(&digest[..ID]);
        digest.zeroize();
        let mut nonces = mac(key);
        nonces.update(b"nonces");
        Self {
            id,
            aead: XChaCha20Poly1305::new(key.into()),
            nonces,
        }
    }
}

fn mac(key: &[u8]) -> Hmac<Sha256> {
    <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length")
}

/// What a ciphertext is for; bound into it.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Whose.
    pub shop: ShopId,
    /// Table and column.
    pub purpose: &'static str,
    /// Which row.
    pub row: &'a [u8],
}

impl Place<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.purpose.len() + self.row.len() + 17);
        all.extend_from_slice(&self.shop.0.to_be_bytes());
        all.extend_from_slice(&(self.purpose.len() as u64).to_be_bytes());
        all.extend_from_slice(self.purpose.as_bytes());
        all.extend_from_slice(self.row);
        all
    }
}

/// Encrypts, decrypts, and hashes. Copies share the hash keys worked out so far.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    ciphers: Vec<Cipher>,
    hash_key: Zeroizing<[u8; 32]>,
    shops: Mutex<HashMap<ShopId, Hmac<Sha256>>>,
}

impl Vault {
    /// A vault with these keys and the ledger's own key for hashes.
    pub fn new(keys: &Keys, hash_key: Zeroizing<[u8; 32]>) -> Self {
        let ciphers = keys.0.iter().map(|key| Cipher::new(key)).collect();
        Self(Arc::new(Inner {
            ciphers,
            hash_key,
            shops: Mutex::default(),
        }))
    }

    /// Encrypts with the newest key.
    pub fn seal(&self, plain: &[u8], place: Place<'_>) -> Vec<u8> {
        let cipher = self.0.ciphers.first().expect("there is a key");
        let bound = place.bytes();
        let mut nonces = cipher.nonces.clone();
        nonces.update(&(bound.len() as u64).to_be_bytes());
        nonces.update(&bound);
        nonces.update(plain);
        let nonce = nonces.finalize().into_bytes();
        let payload = Payload {
            msg: plain,
            aad: &bound,
        };
        let nonce = XNonce::try_from(&nonce[..NONCE]).expect("24 bytes");
        let sealed = cipher
            .aead
            .encrypt(&nonce, payload)
            .expect("no text of ours is too long");
        [cipher.id.as_slice(), nonce.as_slice(), &sealed].concat()
    }

    /// Decrypts what [`Vault::seal`] made for the same place with any of the keys.
    pub fn open(&self, sealed: &[u8], place: Place<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
        if sealed.len() < ID + NONCE {
            return Err(Error::Damaged("a ciphertext is too short".to_owned()));
        }
        let (id, rest) = sealed.split_at(ID);
        let (nonce, body) = rest.split_at(NONCE);
        let cipher = self
            .0
            .ciphers
            .iter()
            .find(|cipher| cipher.id == id)
            .ok_or(Error::WrongKeys)?;
        let bound = place.bytes();
        let payload = Payload {
            msg: body,
            aad: &bound,
        };
        let nonce = XNonce::try_from(nonce).expect("24 bytes");
        let plain = cipher.aead.decrypt(&nonce, payload);
        plain
            .map(Zeroizing::new)
            .map_err(|_| Error::Damaged("a ciphertext does not belong where it stands".to_owned()))
    }

    /// [`Vault::open`] for text.
    pub fn open_text(&self, sealed: &[u8], place: Place<'_>) -> Result<String, Error> {
        let plain = self.open(sealed, place)?;
        String::from_utf8(plain.to_vec())
            .map_err(|_| Error::Damaged("a decrypted text is no text".to_owned()))
    }

    /// The id of the newest key; ids say nothing about keys.
    pub fn newest(&self) -> [u8; ID] {
        self.0.ciphers.first().expect("there is a key").id
    }

    /// Whether a key of this id was given.
    pub fn has(&self, id: &[u8]) -> bool {
        self.0.ciphers.iter().any(|cipher| cipher.id == id)
    }

    /// Whether it was sealed with another key than the newest.
    pub fn is_old(&self, sealed: &[u8]) -> bool {
        self.0
            .ciphers
            .first()
            .is_some_and(|newest| !sealed.starts_with(&newest.id))
    }

    /// The keyed hash of an address. Each shop has a key of its own, so that ledgers cannot be joined.
    pub fn address(&self, shop: ShopId, key: &str) -> AddrHash {
        let mut hash = {
            let mut shops = self.0.shops.lock().unwrap_or_else(PoisonError::into_inner);
            let made = shops.entry(shop).or_insert_with(|| {
                let mut derive = mac(self.0.hash_key.as_slice());
                derive.update(b"addresses of shop");
                derive.update(&shop.0.to_be_bytes());
                mac(&derive.finalize().into_bytes())
            });
            made.clone()
        };
        hash.update(key.as_bytes());
        let mut out = [0; 16];
        out.copy_from_slice(&hash.finalize().into_bytes()[..16]);
        AddrHash(out)
    }

    /// The keyed hash of a token, by which it is found.
    pub fn token(&self, token: &str) -> Vec<u8> {
        let mut hash = mac(self.0.hash_key.as_slice());
        hash.update(b"token");
        hash.update(token.as_bytes());
        hash.finalize().into_bytes().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(keys: &str) -> Vault {
        Vault::new(&Keys::parse(keys).unwrap(), Zeroizing::new([9; 32]))
    }

    fn place(shop: i64, row: &[u8]) -> Place<'_> {
        Place {
            shop: ShopId(shop),
            purpose: "test",
            row,
        }
    }

    #[test]
    fn keys_that_are_none_are_named_by_their_place() {
        assert_eq!(Keys::parse(" , ").unwrap_err(), KeysError::None);
        let good = "ab".repeat(32);
        assert_eq!(
            Keys::parse(&format!("{good},short")).unwrap_err(),
            KeysError::Malformed(2)
        );
        assert_eq!(format!("{:?}", Keys::parse(&good).unwrap()), "Keys(1)");
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_alone_and_with_its_key_alone() {
        let (old, new) = ("01".repeat(32), "02".repeat(32));
        let sealed = vault(&old).seal(b"text", place(1, b"row"));
        assert_eq!(
            vault(&old).open(&sealed, place(1, b"row")).unwrap().as_slice(),
            b"text"
        );
        assert!(matches!(
            vault(&old).open(&sealed, place(2, b"row")),
            Err(Error::Damaged(_))
        ));
        assert!(matches!(
            vault(&old).open(&sealed, place(1, b"other")),
            Err(Error::Damaged(_))
        ));
        assert!(matches!(
            vault(&new).open(&sealed, place(1, b"row")),
            Err(Error::WrongKeys)
        ));
        let both = vault(&format!("{new},{old}"));
        assert_eq!(both.open(&sealed, place(1, b"row")).unwrap().as_slice(), b"text");
        assert!(both.is_old(&sealed));
        assert!(!both.is_old(&both.seal(b"text", place(1, b"row"))));
        assert!(!sealed.windows(4).any(|part| part == b"text"));
    }

    #[test]
    fn one_address_has_another_hash_in_another_shop() {
        let vault = vault(&"01".repeat(32));
        assert_eq!(
            vault.address(ShopId(1), "a@b.pl"),
            vault.address(ShopId(1), "a@b.pl")
        );
        assert_ne!(
            vault.address(ShopId(1), "a@b.pl"),
            vault.address(ShopId(2), "a@b.pl")
        );
    }
}
