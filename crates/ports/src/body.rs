//! A body as it came over the wire, made fit to be read: the one way for answers, errors and webhooks alike.
//!
//! What stands in front of Shoper and SARE, and what PHP leaves in its output, puts more into a body than its sender
//! meant: compression that nobody asked for, byte order marks, and single bytes of older character sets in one value of
//! hundreds. None of these may spoil the rest.

use std::io::Read;

use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, header};

use crate::transport::TransportError;

/// The greatest body that is read, in bytes, after decompression.
pub const LONGEST_BODY: usize = 16 << 20;

/// Compression upon compression, as a server behind a server makes it, at most so often.
const LAYERS: usize = 3;

/// What stands for a byte that is no UTF-8. A value that holds it was not read as it was meant: it may be shown, and is
/// no address and no id.
pub const UNREADABLE: char = '\u{fffd}';

/// The body behind `headers`: decompressed, without byte order marks, in UTF-8 in which [`UNREADABLE`] stands for every
/// byte that is none.
///
/// # Errors
/// [`TransportError::TooLarge`] where more than `limit` bytes come of it, [`TransportError::Interrupted`] where it breaks off.
pub fn read_body(headers: &HeaderMap, body: Bytes, limit: usize) -> Result<Bytes, TransportError> {
    let mut body = body;
    for _ in 0..LAYERS {
        match decompressed(headers, &body, limit)? {
            Some(inner) => body = inner,
            None => break,
        }
    }
    if body.len() > limit {
        return Err(TransportError::TooLarge { limit });
    }
    let meant = without_marks(&body);
    Ok(match std::str::from_utf8(meant) {
        Ok(_) => body.slice_ref(meant),
        Err(_) => Bytes::from(String::from_utf8_lossy(meant).into_owned()),
    })
}

/// What was compressed; `None` for what is not. The bytes decide: a header that speaks of compression is left standing by
/// servers that have undone it, and missing from others that have not.
fn decompressed(headers: &HeaderMap, body: &Bytes, limit: usize) -> Result<Option<Bytes>, TransportError> {
    let told = |name: &str| {
        let values = headers.get_all(header::CONTENT_ENCODING).into_iter();
        values
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|one| one.trim().eq_ignore_ascii_case(name)))
    };
    if body.starts_with(&[0x1f, 0x8b, 0x08]) {
        return inflate(MultiGzDecoder::new(body.as_ref()), limit).map(Some);
    }
    if told("deflate") && !looks_like_text(body) {
        // By the letter with zlib's frame, and often without.
        return match inflate(ZlibDecoder::new(body.as_ref()), limit) {
            Err(TransportError::Interrupted(_)) => inflate(DeflateDecoder::new(body.as_ref()), limit),
            other => other,
        }
        .map(Some);
    }
    Ok(None)
}

fn inflate(from: impl Read, limit: usize) -> Result<Bytes, TransportError> {
    let mut out = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    from.take(most)
        .read_to_end(&mut out)
        .map_err(|_| TransportError::Interrupted("the compressed answer breaks off".to_owned()))?;
    if out.len() > limit {
        return Err(TransportError::TooLarge { limit });
    }
    Ok(out.into())
}

fn looks_like_text(body: &[u8]) -> bool {
    let first = without_marks(body).first().copied();
    first.is_none_or(|byte| byte.is_ascii_graphic() && byte != b'x')
}

/// Without the byte order marks that every file of a PHP program may add, and the blanks and zero bytes around them.
fn without_marks(body: &[u8]) -> &[u8] {
    const MARK: &[u8] = b"\xEF\xBB\xBF";
    let mut rest = body;
    loop {
        let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
        let start = rest.iter().position(|byte| !blank(byte)).unwrap_or(rest.len());
        let end = rest
            .iter()
            .rposition(|byte| !blank(byte))
            .map_or(start, |at| at + 1);
        let inner = &rest[start..end.max(start)];
        let inner = inner.strip_prefix(MARK).unwrap_or(inner);
        let inner = inner.strip_suffix(MARK).unwrap_or(inner);
        if inner.len() == rest.len() {
            return rest;
        }
        rest = inner;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use http::HeaderValue;

    use super::*;

    fn read(body: &[u8]) -> String {
        let read = read_body(&HeaderMap::new(), Bytes::copy_from_slice(body), LONGEST_BODY).unwrap();
        String::from_utf8(read.to_vec()).unwrap()
    }

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut out = GzEncoder::new(Vec::new(), Compression::fast());
        out.write_all(body).unwrap();
        out.finish().unwrap()
    }

    fn told(encoding: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        headers
    }

    #[test]
    fn marks_and_blanks_around_a_body_are_dropped() {
        let json = r#"{"error":"invalid_request"}"#;
        for (before, after) in [
            ("\u{feff}", ""),
            ("\u{feff}\u{feff}", "\u{feff}"),
            ("\r\n \u{feff}\n\u{feff} ", "\n\0"),
            ("", ""),
        ] {
            assert_eq!(read(format!("{before}{json}{after}").as_bytes()), json);
        }
        assert_eq!(read(b""), "");
        assert_eq!(read(b"\xEF\xBB\xBF"), "");
    }

    #[test]
    fn a_byte_of_another_character_set_spoils_its_value_and_nothing_else() {
        // Wałęsa in ISO 8859-2, and a first byte of two before the quotation mark.
        assert_eq!(
            read(b"{\"a\":\"Wa\xb3\xeasa\",\"b\":\"x\xc5\",\"id\":7}"),
            "{\"a\":\"Wa\u{fffd}\u{fffd}sa\",\"b\":\"x\u{fffd}\",\"id\":7}"
        );
    }

    #[test]
    fn compression_is_undone_whether_it_is_told_or_not() {
        let json = br#"{"list":[]}"#;
        let packed = Bytes::from(gzip(json));
        for headers in [HeaderMap::new(), told("gzip"), told("identity, GZIP")] {
            assert_eq!(read_body(&headers, packed.clone(), 100).unwrap().as_ref(), json);
        }
        let twice = Bytes::from(gzip(&gzip(json)));
        assert_eq!(read_body(&told("gzip"), twice, 100).unwrap().as_ref(), json);
        // The header was left standing by whoever undid it.
        assert_eq!(
            read_body(&told("gzip"), Bytes::from_static(json), 100)
                .unwrap()
                .as_ref(),
            json
        );
        assert_eq!(
            read_body(&told("deflate"), Bytes::from_static(json), 100)
                .unwrap()
                .as_ref(),
            json
        );
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(json).unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(json).unwrap();
        for packed in [zlib.finish().unwrap(), raw.finish().unwrap()] {
            assert_eq!(
                read_body(&told("deflate"), packed.into(), 100).unwrap().as_ref(),
                json
            );
        }
    }

    #[test]
    fn what_becomes_too_large_or_breaks_off_is_no_answer() {
        let bomb = Bytes::from(gzip(&vec![b' '; 1 << 20]));
        assert!(bomb.len() < 10_000);
        assert_eq!(
            read_body(&HeaderMap::new(), bomb.clone(), 1000),
            Err(TransportError::TooLarge { limit: 1000 })
        );
        assert!(matches!(
            read_body(&HeaderMap::new(), bomb.slice(..bomb.len() / 2), LONGEST_BODY),
            Err(TransportError::Interrupted(_))
        ));
    }
}
