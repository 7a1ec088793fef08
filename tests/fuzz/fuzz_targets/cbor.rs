//! The check of canonical CBOR, and a reader over the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use softhello_ctap::cbor::{MAX_DEPTH, Reader, validate, validate_any_order, validate_prefix};

fuzz_target!(|bytes: &[u8]| {
    let valid = validate(bytes, MAX_DEPTH).is_ok();
    if valid {
        assert!(validate_any_order(bytes, MAX_DEPTH).is_ok(), "canonical order is an order");
        assert_eq!(validate_prefix(bytes, MAX_DEPTH), Ok(bytes.len()));
        assert_eq!(Reader::new(bytes).item(), Ok(bytes));
    }
    if let Ok(len) = validate_prefix(bytes, MAX_DEPTH) {
        assert_eq!(len == bytes.len(), valid);
        assert!(validate(&bytes[..len], MAX_DEPTH).is_ok());
    }
    // A reader goes over anything without a panic, and only forward.
    let mut reader = Reader::new(bytes);
    let mut before = reader.position();
    loop {
        let moved = reader.uint().is_ok()
            || reader.int().is_ok()
            || reader.bytes().is_ok()
            || reader.text().is_ok()
            || reader.bool().is_ok()
            || reader.array_len().is_ok()
            || reader.map_len().is_ok()
            || reader.item().is_ok();
        if !moved {
            break;
        }
        assert!(reader.position() > before && reader.position() <= bytes.len());
        before = reader.position();
    }
});
