//! The vectors of WebAuthn Level 3 for prf over hmac-secret, and others that were computed with another library.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

use sha2::Digest as _;

use super::*;

fn hex<const N: usize>(text: &str) -> [u8; N] {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap()
}

const ONE: PinUvAuthProtocol = PinUvAuthProtocol::One;
const TWO: PinUvAuthProtocol = PinUvAuthProtocol::Two;

/// The secret that the platform of the vectors shares with the authenticator of the vectors.
pub(crate) fn secret(protocol: PinUvAuthProtocol) -> SharedSecret {
    let own =
        KeyAgreement::from_bytes(&hex("0971bc7fb1be48270adcd3d9a5fc15d5fb0f335b3071ff36a54c007fa6c76514"));
    let own = own.unwrap();
    assert_eq!(
        own.public_key(),
        KeyAgreementKey {
            x: hex("a6ad249c9c2558e03e4ffbef60255d942b0166f5446cef916ab5f4ec4335a1c5"),
            y: hex("67315207e09ce082c31b052c7e2bcb700e79f1c53bd3bb4e3bb6fef89d227bc1"),
        }
    );
    let authenticator = KeyAgreementKey {
        x: hex("a30522c2de402b561965c3cf949a1cab020c6f6ea36fcf7e911ac1a0f1515300"),
        y: hex("9961a929abdb2f42e6566771887d41484d889e735e3248518a53112d2b915f00"),
    };
    own.shared_secret(protocol, &authenticator).unwrap()
}

/// 00 01 02 … as the IV.
pub(crate) fn counting(out: &mut [u8]) {
    out.iter_mut().zip(0..).for_each(|(byte, number)| *byte = number);
}

fn with_iv(ciphertext: &str) -> Vec<u8> {
    let mut bytes = vec![0; 16];
    counting(&mut bytes);
    bytes.extend(data_encoding::HEXLOWER.decode(ciphertext.as_bytes()).unwrap());
    bytes
}

#[test]
fn key_agreement() {
    assert_eq!(
        secret(ONE).to_bytes()[..],
        hex::<32>("23e5ed7157c25892b77732fb9c8a107e3518800db2af4142f9f4adfacb771d39")
    );
    assert_eq!(
        secret(TWO).to_bytes()[..],
        [
            hex::<32>("0c63083de8170101d38bcf8bd72309568ddb4550867e23404b35d85712f7c20d"),
            hex("8bc911ee23c06034cbc14290b9669bec07739053c5a416e313ef905c79955876"),
        ]
        .concat()
    );
}

#[test]
fn set_pin_1234() {
    let mut padded = [0; 64];
    padded[..4].copy_from_slice(b"1234");
    let hash = &Sha256::digest("1234")[..16];
    assert_eq!(hash, hex::<16>("03ac674216f3e15c761ee1a5e255f067"));
    assert_eq!(secret(ONE).encrypt(hash, &mut counting), hex::<16>("9b2a1b26fa18ceaf19375c27a8ef981c"));
    for (protocol, new_pin_enc, param) in [
        (
            ONE,
            hex::<64>(
                "784340ec9c7b309d4b1384d20f50f23a1633af1d1f0d783dffecc257d63c12b69c32f991928a7d8057cc9f54a28dca37ddefca3081c8f606ae64affae2f97c08",
            )
            .to_vec(),
            hex::<16>("32d87748976d50575d5544869b5f4c68").to_vec(),
        ),
        (
            TWO,
            with_iv(
                "64cb5eb28859447b3acce793bab8061979e1f6a442858ce8488c1bffb5e569a8ff634ce46daf388940356cf24aa6069191915937267bee6f83306432f637c7dd",
            ),
            hex::<32>("60cbd1d0bf636480e83b3dd66ea03d8d3f7377493d076197b9c8fd718a4de49f").to_vec(),
        ),
    ] {
        let secret = secret(protocol);
        assert_eq!(secret.encrypt(&padded, &mut counting), new_pin_enc, "{protocol:?}");
        assert_eq!(secret.decrypt(&new_pin_enc).unwrap()[..], padded, "{protocol:?}");
        assert_eq!(secret.authenticate(&[&new_pin_enc]), param, "{protocol:?}");
        assert!(secret.verify(&[&new_pin_enc[..9], &new_pin_enc[9..]], &param), "{protocol:?}");
    }
}

#[test]
fn pin_uv_auth_param() {
    let mut token = [0; 32];
    counting(&mut token);
    let hash = Sha256::digest("clientData");
    assert_eq!(hash[..], hex::<32>("71d881db257d76bf90dc962ccac7d3d5626f6dbe88f620dc4c9bacc42c6d38ae"));
    assert_eq!(ONE.authenticate(&token, &[&hash]), hex::<16>("3eb3b64517d28c84b7f061b981ee3ca9"));
    let array = Sha256::digest(crate::api::large_blobs::INITIAL);
    for (name, message, want) in [
        (
            "clientDataHash",
            &[&hash[..]][..],
            "3eb3b64517d28c84b7f061b981ee3ca9f1acacd13846630368b7d88f165e5849",
        ),
        ("getCredsMetadata", &[&[0x01]], "9b4c8120a4823a95f47cde17a244f4507244ee6e3957d1fab9fa29b44d3829b7"),
        (
            "setMinPINLength",
            &[&[0xff; 32], &[0x0d, 0x03], &[0xa1, 0x01, 0x08]],
            "6c0574ef437749cdb7172f8d3222b55d628987d51c659f00c7a266c3cc026d76",
        ),
        (
            "set",
            &[&[0xff; 32], &[0x0c, 0x00], &[0; 4], &array],
            "008b5df6adffc88a1ed8861176ccd3e55277ab04720916aaf5d3c176b15dee38",
        ),
    ] {
        let param = TWO.authenticate(&token, message);
        assert_eq!(param, hex::<32>(want), "{name}");
        assert!(TWO.verify(&token, message, &param), "{name}");
        let (mut wrong, mut other) = (param.clone(), token);
        wrong[31] ^= 1;
        other[0] ^= 1;
        assert!(!TWO.verify(&token, message, &wrong), "{name}");
        assert!(!TWO.verify(&other, message, &param), "{name}");
        assert!(!TWO.verify(&token, message, &param[..16]), "{name}: half of it is protocol one's");
        assert!(!ONE.verify(&token, message, &param), "{name}");
    }
}

#[test]
fn ciphertexts_are_whole_blocks() {
    for (protocol, len, plain) in [
        (ONE, 0, Some(0)),
        (ONE, 16, Some(16)),
        (ONE, 17, None),
        (ONE, 15, None),
        (TWO, 0, None),
        (TWO, 15, None),
        (TWO, 16, Some(0)),
        (TWO, 32, Some(16)),
        (TWO, 33, None),
    ] {
        let decrypted = secret(protocol).decrypt(&vec![7; len]);
        match plain {
            Some(plain) => assert_eq!(decrypted.unwrap().len(), plain, "{protocol:?} {len}"),
            None => assert_eq!(decrypted, Err(PinUvAuthError::Ciphertext(len)), "{protocol:?} {len}"),
        }
    }
}

#[test]
fn a_key_is_between_one_and_the_order() {
    let order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    assert!(KeyAgreement::from_bytes(&[0; 32]).is_none());
    assert!(KeyAgreement::from_bytes(&order).is_none());
    // A draw that is no key is drawn again.
    let mut draws = vec![[5; 32], order, [0; 32]];
    let drawn = KeyAgreement::generate(&mut |out| out.copy_from_slice(&draws.pop().unwrap()));
    assert_eq!(drawn.public_key(), KeyAgreement::from_bytes(&[5; 32]).unwrap().public_key());
    assert!(draws.is_empty());
}

#[test]
fn secrets_are_not_printed() {
    let secret = secret(TWO);
    let own = KeyAgreement::from_bytes(&[5; 32]).unwrap();
    assert_eq!(format!("{own:?} {secret:?}"), "KeyAgreement(..) SharedSecret(Two, ..)");
}

#[test]
fn permissions() {
    let all = Permissions::from_bits(u64::MAX);
    assert_eq!((all.bits(), all.to_string()), (0x7f, "mc|ga|cm|be|lbw|acfg|pcmr".to_owned()));
    assert!(Permissions::from_bits(0x80).is_empty() && Permissions::default().to_string().is_empty());
    let mc_ga = Permissions::MC.with(Permissions::GA);
    assert!(mc_ga.has(Permissions::MC) && mc_ga.has(mc_ga) && !Permissions::MC.has(mc_ga));
    assert!(Permissions::MC.has_any(mc_ga) && !Permissions::CM.has_any(mc_ga));
    assert_eq!(mc_ga.only(Permissions::GA.with(Permissions::CM)), Permissions::GA);
}
