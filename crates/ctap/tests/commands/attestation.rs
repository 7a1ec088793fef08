//! Attestation with the key of a batch, and for enterprises. CTAP 2.3 §7.1.

use softhello_ctap::{
    Algorithm, Format, PrivateKey, Profile, Setting, Status, api,
    cbor::Reader,
    message::{ATTESTATION_STATEMENT, Members},
};

use crate::{
    bench::{Bench, CLIENT_DATA_HASH, Created, Request, full_key, hello, uint},
    refusals::{assert_refused, refusal},
    signatures::verify,
};

/// Enterprise attestation is switched on.
fn enabled() -> Bench {
    Bench::new(full_key()).without_uv().set(Setting::EnterpriseAttestation(true))
}

fn request(value: u64) -> Request {
    Request::make_credential().with(0x0a, uint(value))
}

/// The certificates of a statement of the batch, whose signature fits.
fn x5c(created: &Created) -> Vec<Vec<u8>> {
    assert_eq!(created.fmt, "packed");
    let statement = Members::read(&ATTESTATION_STATEMENT, &created.att_stmt).unwrap();
    assert_eq!(statement.int("alg"), Some(Algorithm::Es256.cose_id()));
    let batch = PrivateKey::from_bytes(Algorithm::Es256, &[0xa7; 32]).unwrap().public_key();
    let message = [&created.auth_data_bytes[..], &CLIENT_DATA_HASH].concat();
    verify(&batch, &message, statement.bytes("sig").unwrap());
    let certificates = statement.array("x5c").unwrap();
    certificates.map(|item| Reader::new(item).bytes().unwrap().to_vec()).collect()
}

#[test]
fn refusals() {
    let disabled = || Bench::new(full_key()).without_uv();
    assert_refused([
        refusal(
            "6.1.2 9.1 disabled",
            disabled(),
            |_| request(1),
            Status::InvalidParameter,
            "NoEnterpriseAttestation",
        ),
        refusal(
            "6.1.2 9.1 disabled, whatever the value",
            disabled(),
            |_| request(7),
            Status::InvalidParameter,
            "NoEnterpriseAttestation",
        ),
        refusal(
            "6.1.2 9.1 not capable",
            Bench::new(hello()),
            |_| request(1),
            Status::InvalidParameter,
            "NoEnterpriseAttestation",
        ),
        refusal(
            "6.1.2 9.2 value 0",
            enabled(),
            |_| request(0),
            Status::InvalidOption,
            "EnterpriseAttestationValue",
        ),
        refusal(
            "6.1.2 9.2 value 3",
            enabled(),
            |_| request(3),
            Status::InvalidOption,
            "EnterpriseAttestationValue",
        ),
        refusal(
            "6.1.2 9.2 value 2^32 + 1",
            enabled(),
            |_| request((1 << 32) + 1),
            Status::InvalidOption,
            "EnterpriseAttestationValue",
        ),
    ]);
}

#[test]
fn who_gets_it() {
    let (batch, enterprise) = (vec![vec![0x30, 0x01, 0x01]], vec![vec![0x30, 0x01, 0x02]]);
    for (name, request, granted) in [
        ("not asked for", Request::make_credential(), false),
        ("vendor-facilitated, on the list", request(1).rp("enterprise.example"), true),
        ("vendor-facilitated, not on the list", request(1), false),
        ("vendor-facilitated, below the list's", request(1).rp("a.enterprise.example"), false),
        ("platform-managed, whoever", request(2), true),
        ("it outranks a preference", request(2).formats(&["none"]), true),
    ] {
        let created = enabled().create(&request);
        assert_eq!(created.ep_att, granted.then_some(true), "{name}");
        assert_eq!(x5c(&created), if granted { enterprise.clone() } else { batch.clone() }, "{name}");
    }
    let none = enabled().create(&request(1).formats(&["none"]));
    assert_eq!((none.fmt.as_str(), none.ep_att), ("none", None), "not granted, the preference holds");
    // One that attests by itself has the batch's key for enterprises alone.
    let profile = Profile { self_attestation: true, default_format: Format::None, ..full_key() };
    let mut bench = Bench::new(profile).without_uv().set(Setting::EnterpriseAttestation(true));
    assert_eq!(bench.create(&Request::make_credential()).fmt, "none");
    let own = bench.create(&Request::make_credential().formats(&["packed"]));
    assert_eq!(Members::read(&ATTESTATION_STATEMENT, &own.att_stmt).unwrap().raw("x5c"), None);
    assert_eq!(x5c(&bench.create(&request(2))), enterprise);
}

#[test]
fn a_reset_switches_it_off() {
    let mut bench = enabled();
    assert_eq!(bench.send(&[api::RESET]).status(), Status::Ok);
    assert_eq!(bench.send(&request(2).bytes()).reason(), "NoEnterpriseAttestation");
}

#[test]
fn with_every_algorithm_of_the_credential_the_batch_signs_es256() {
    let mut bench = Bench::new(Profile { algorithms: Algorithm::ALL.to_vec(), ..full_key() }).without_uv();
    for algorithm in Algorithm::ALL {
        let created = bench.create(&Request::make_credential().algorithms(&[algorithm.cose_id()]));
        assert_eq!(created.attested().public_key.algorithm(), algorithm);
        assert_eq!(x5c(&created).len(), 1);
    }
}
