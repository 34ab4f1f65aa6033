//! Authenticated encryption and keyed hashes, as the ledger uses them. Whose key it is and what is sealed is not known here.
//!
//! XChaCha20-Poly1305. What is sealed begins with the id of its key ([`ID`] bytes) and its nonce (24 bytes). The nonce is a
//! keyed hash of the plaintext and of what is bound to it: it repeats only where everything repeats, so that no randomness
//! is needed. A crate of its own, so that it is optimised wherever it runs.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

/// A secret key.
pub type Key = Zeroizing<[u8; 32]>;

/// Length of a key's id in bytes.
pub const ID: usize = 4;
const NONCE: usize = 24;
/// Bytes before the ciphertext proper.
pub const HEAD: usize = ID + NONCE;

/// Seals and opens with one key.
pub struct Sealer {
    id: [u8; ID],
    aead: XChaCha20Poly1305,
    nonces: KeyedHash,
}

impl Sealer {
    /// The sealer of a key.
    pub fn new(key: &[u8; 32]) -> Self {
        let mut digest = Sha256::digest([b"key id", key.as_slice()].concat());
        let mut id = [0; ID];
        id.copy_from_slice(&digest[..ID]);
        digest.zeroize();
        Self {
            id,
            aead: XChaCha20Poly1305::new(key.into()),
            nonces: KeyedHash::new(key).with(b"nonces"),
        }
    }

    /// The key's id; it says nothing about the key.
    pub fn id(&self) -> [u8; ID] {
        self.id
    }

    /// Whether something was sealed with this key, as its id tells.
    pub fn has_sealed(&self, sealed: &[u8]) -> bool {
        sealed.starts_with(&self.id)
    }

    /// Encrypts `plain` so that it opens only together with `bound`.
    pub fn seal(&self, plain: &[u8], bound: &[u8]) -> Vec<u8> {
        let length = (bound.len() as u64).to_be_bytes();
        let nonce = self.nonces.clone().with(&length).with(bound).with(plain).finish();
        let nonce = XNonce::try_from(&nonce[..NONCE]).expect("24 bytes");
        let payload = Payload {
            msg: plain,
            aad: bound,
        };
        let sealed = self
            .aead
            .encrypt(&nonce, payload)
            .expect("no text of ours is too long");
        [self.id.as_slice(), nonce.as_slice(), &sealed].concat()
    }

    /// Decrypts what [`Self::seal`] made. `None` for what is too short, was made with another key or other `bound`, or was
    /// changed.
    pub fn open(&self, sealed: &[u8], bound: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, body) = sealed.get(ID..)?.split_at_checked(NONCE)?;
        let payload = Payload {
            msg: body,
            aad: bound,
        };
        let plain = self.aead.decrypt(&XNonce::try_from(nonce).ok()?, payload);
        plain.ok().map(Zeroizing::new)
    }
}

/// HMAC-SHA256 under way.
#[derive(Clone)]
pub struct KeyedHash(Hmac<Sha256>);

impl KeyedHash {
    /// A hash with this key.
    pub fn new(key: &[u8]) -> Self {
        Self(<Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length"))
    }

    /// The hash with more text behind what it has.
    #[must_use]
    pub fn with(mut self, text: &[u8]) -> Self {
        self.0.update(text);
        self
    }

    /// The hash.
    pub fn finish(self) -> Key {
        Zeroizing::new(self.0.finalize().into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_and_what_is_bound_to_it_alone() {
        let sealer = Sealer::new(&[1; 32]);
        let sealed = sealer.seal(b"text", b"row");
        assert!(sealer.has_sealed(&sealed) && !Sealer::new(&[2; 32]).has_sealed(&sealed));
        assert_eq!(sealer.open(&sealed, b"row").as_deref(), Some(&b"text".to_vec()));
        assert_eq!(sealer.open(&sealed, b"other"), None);
        assert_eq!(Sealer::new(&[2; 32]).open(&sealed, b"row"), None);
        for short in [0, ID, HEAD - 1, HEAD] {
            assert_eq!(sealer.open(&sealed[..short], b"row"), None, "{short}");
        }
        for changed in 0..sealed.len() {
            let mut other = sealed.clone();
            other[changed] ^= 1;
            assert!(changed < ID || sealer.open(&other, b"row").is_none(), "{changed}");
        }
    }

    #[test]
    fn a_nonce_repeats_only_where_everything_repeats() {
        let sealer = Sealer::new(&[1; 32]);
        let nonce = |plain: &[u8], bound: &[u8]| sealer.seal(plain, bound)[ID..HEAD].to_vec();
        assert_eq!(nonce(b"text", b"row"), nonce(b"text", b"row"));
        assert_ne!(nonce(b"text", b"row"), nonce(b"text", b"wor"));
        assert_ne!(nonce(b"text", b"row"), nonce(b"wtext", b"ro"));
        assert_ne!(nonce(b"text", b"row"), nonce(b"next", b"row"));
    }

    #[test]
    fn the_form_of_what_is_sealed_does_not_change() {
        // RFC 4231, test case 2, for the hash; for the rest, what ledgers hold.
        let hash = KeyedHash::new(b"Jefe")
            .with(b"what do ya want ")
            .with(b"for nothing?");
        assert_eq!(
            hash.finish()[..8],
            [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e]
        );
        let sealed = Sealer::new(&[1; 32]).seal(b"text", b"row");
        let hexadecimal: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hexadecimal,
            "02d25eca73f742f1529368a1314017b6f8e56caef0d85880b5b12a29691e23e6a15d480b37e9c81ea16f575f60878b1b"
        );
    }
}
