//! Credentials that are not discoverable: nothing is stored, the id is the credential.

use softhello_ctap::{Algorithm, Answer, BackupPolicy, Flags, Profile, SealingKey, Status, api};

use crate::bench::{Bench, CLIENT_DATA_HASH, Call, RP_ID, Request, pin_pad, security_key};
use crate::signatures::verify;

fn create(bench: &mut Bench) -> Vec<u8> {
    bench.create(&Request::make_credential()).id()
}

#[test]
fn nothing_is_stored() {
    for request in [Request::make_credential(), Request::make_credential().option("rk", false)] {
        let mut bench = Bench::new(security_key());
        let reply = bench.send(&request.bytes());
        reply.created();
        assert!(!reply.calls.contains(&Call::Create));
        assert!(bench.host.credentials.is_empty());
    }
}

#[test]
fn it_signs_when_it_is_listed() {
    for algorithm in Algorithm::ALL {
        let profile = Profile {
            algorithms: Algorithm::ALL.to_vec(),
            backup: BackupPolicy { eligible: true, backed_up: true },
            ..security_key()
        };
        let mut bench = Bench::new(profile);
        let created = bench.create(&Request::make_credential().algorithms(&[algorithm.cose_id()]));
        let id = created.id();
        let asserted = bench.assert(&Request::get_assertion().list(&[&[1; 32], &id]));
        assert_eq!(asserted.id, id, "{algorithm}");
        assert_eq!(asserted.auth_data.flags, Flags(Flags::UP | Flags::BE | Flags::BS), "{algorithm}");
        assert_eq!(asserted.user, None, "{algorithm}: it has no user");
        assert_eq!(asserted.number_of_credentials, None, "{algorithm}");
        let message = [&asserted.auth_data_bytes[..], &CLIENT_DATA_HASH].concat();
        verify(&created.attested().public_key, &message, &asserted.signature);
    }
}

/// Its count goes on across assertions like any other's.
#[test]
fn it_has_a_count_of_its_own() {
    let mut bench = Bench::new(security_key());
    let (first, second) = (create(&mut bench), create(&mut bench));
    for (id, want) in [(&first, 1), (&first, 2), (&second, 1)] {
        assert_eq!(bench.assert(&Request::get_assertion().list(&[id])).auth_data.sign_count, want);
    }
}

#[test]
fn it_is_never_discovered() {
    let mut bench = Bench::new(security_key());
    let id = create(&mut bench);
    bench.send(&Request::get_assertion().bytes()).assert_refused("discovery", Status::NoCredentials);
    bench.create(&Request::make_credential().option("rk", true));
    let asserted = bench.assert(&Request::get_assertion());
    assert_ne!(asserted.id, id);
    assert_eq!(asserted.number_of_credentials, None);
}

#[test]
fn what_does_not_open_is_not_a_credential() {
    let mut bench = Bench::new(security_key());
    let id = create(&mut bench);
    let mut flipped = id.clone();
    flipped[20] ^= 1;
    let longer = [&id[..], &[0]].concat();
    for (name, request) in [
        ("of another RP", Request::get_assertion().rp("example.com").list(&[&id])),
        ("with a bit flipped", Request::get_assertion().list(&[&flipped])),
        ("cut", Request::get_assertion().list(&[&id[..id.len() - 1]])),
        ("lengthened", Request::get_assertion().list(&[&longer])),
        ("the version alone", Request::get_assertion().list(&[&id[..1]])),
        ("the version and the nonce", Request::get_assertion().list(&[&id[..13]])),
        ("empty", Request::get_assertion().list(&[&[]])),
    ] {
        bench.send(&request.bytes()).assert_refused(name, Status::NoCredentials);
    }
    bench.assert(&Request::get_assertion().list(&[&id]));
}

#[test]
fn it_is_excluded() {
    for answer in [Answer::Given, Answer::Declined, Answer::TimedOut] {
        let mut bench = Bench::new(security_key());
        let id = create(&mut bench);
        let elsewhere = Request::make_credential().rp("example.com").list(&[&id]);
        assert_eq!(bench.send(&elsewhere.bytes()).status(), Status::Ok, "elsewhere it is nothing");
        bench.host.default_answer = answer;
        let reply = bench.send(&Request::make_credential().list(&[&[1; 32], &id]).bytes());
        reply.assert_refused(&format!("{answer:?}"), Status::CredentialExcluded);
        assert_eq!(reply.effects(), [Call::Presence(RP_ID.to_owned())], "{answer:?}");
    }
}

#[test]
fn a_reset_ends_it() {
    let mut bench = Bench::new(security_key());
    let id = create(&mut bench);
    assert_eq!(bench.send(&[api::RESET]).status(), Status::Ok);
    let request = Request::get_assertion().list(&[&id]);
    bench.send(&request.bytes()).assert_refused("after a reset", Status::NoCredentials);
    assert_eq!(bench.send(&Request::make_credential().list(&[&id]).bytes()).status(), Status::Ok);
}

#[test]
fn another_authenticator_does_not_know_it() {
    let id = create(&mut Bench::new(security_key()));
    let mut other = Bench::new(security_key());
    other.host.state.sealing_key = SealingKey::from_bytes([1; 32]);
    let request = Request::get_assertion().list(&[&id]);
    other.send(&request.bytes()).assert_refused("elsewhere", Status::NoCredentials);
}

#[test]
fn a_stored_one_of_the_list_answers_as_well() {
    let mut bench = Bench::new(security_key());
    let sealed = create(&mut bench);
    let stored = bench.create(&Request::make_credential().option("rk", true)).id();
    for list in [[&sealed[..], &stored], [&stored, &sealed]] {
        let asserted = bench.assert(&Request::get_assertion().list(&list));
        assert!(list.contains(&&asserted.id[..]));
        assert_eq!(asserted.number_of_credentials, None);
    }
}

/// Ids announced as at most `maxCredentialIdLength` bytes are no longer, whichever algorithm is asked for.
#[test]
fn its_id_is_no_longer_than_get_info_says() {
    let profile = Profile { max_credential_id_length: Some(64), ..security_key() };
    if profile.check().is_ok() {
        let created = Bench::new(profile).create(&Request::make_credential());
        assert!(created.id().len() <= 64, "{} bytes", created.id().len());
    }
}

#[test]
fn a_verified_one_says_so() {
    let mut bench = Bench::new(pin_pad());
    let created = bench.create(&Request::make_credential().option("uv", true));
    let request = Request::get_assertion().list(&[&created.id()]);
    assert_eq!(bench.assert(&request).auth_data.flags, Flags(Flags::UP));
    let verified = bench.assert(&request.option("uv", true));
    assert_eq!(verified.auth_data.flags, Flags(Flags::UP | Flags::UV));
}
