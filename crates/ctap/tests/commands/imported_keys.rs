//! Keys that come from outside, as an import gives them.

use softhello_ctap::{Algorithm, KeyError, PrivateKey, RsaParts};

use crate::signatures::verify;

/// Numbers that are odd and distinct, and no primes: refused, or unable to sign, but never a panic or a bad signature.
#[test]
fn a_key_of_composite_numbers_never_signs_wrongly() {
    let ones = |len: usize| vec![0xff; len];
    let ending = |len: usize, end: &[u8]| [&vec![0xff; len - end.len()], end].concat();
    for (name, p, q) in [
        ("2^1024 - 1 and 2^1024 - 3", ones(128), ending(128, &[0xfd])),
        ("2^1024 - 1 and 2^1032 - 1", ones(128), ones(129)),
        ("2^1024 - 65537, whose predecessor 65537 divides", ending(128, &[0xfe, 0xff, 0xff]), ones(129)),
        ("3 and 2^2048 - 1", vec![3], ones(256)),
    ] {
        if let Ok(key) = PrivateKey::from_rsa_parts(&RsaParts { p, q })
            && let Ok(signature) = key.sign(&[b"message"])
        {
            println!("{name}");
            verify(&key.public_key(), b"message", &signature);
        }
    }
}

#[test]
fn bytes_that_are_no_key() {
    // The order of P-256, big endian.
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
        0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut largest = order;
    largest[31] -= 1;
    for (name, algorithm, bytes, want) in [
        ("zero", Algorithm::Es256, &[0; 32][..], Err(KeyError::Scalar)),
        ("the order", Algorithm::Es256, &order, Err(KeyError::Scalar)),
        ("one less", Algorithm::Es256, &largest, Ok(())),
        (
            "31 bytes",
            Algorithm::Es256,
            &[1; 31],
            Err(KeyError::Length { algorithm: Algorithm::Es256, len: 31 }),
        ),
        (
            "33 bytes",
            Algorithm::EdDsa,
            &[1; 33],
            Err(KeyError::Length { algorithm: Algorithm::EdDsa, len: 33 }),
        ),
        ("any 32 bytes", Algorithm::EdDsa, &[0; 32], Ok(())),
        ("nothing", Algorithm::Rs256, &[], Err(KeyError::Length { algorithm: Algorithm::Rs256, len: 0 })),
        (
            "a cut prime",
            Algorithm::Rs256,
            &[0, 9, 1],
            Err(KeyError::Length { algorithm: Algorithm::Rs256, len: 3 }),
        ),
    ] {
        assert_eq!(PrivateKey::from_bytes(algorithm, bytes).map(drop), want, "{name}");
    }
}
