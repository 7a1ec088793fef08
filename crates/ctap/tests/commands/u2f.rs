//! CTAP1/U2F. U2F Raw Message Formats; CTAP 2.3 §7.2.4 and §10.

use softhello_ctap::{
    Algorithm, Answer, CounterPolicy, Profile, Protection, Setting, Status,
    cose::PublicKey,
    u2f::{Registration, application, authenticate_message, register_message},
};

use crate::{
    bench::{
        Bench, CLIENT_DATA_HASH, Call, Point, RP_ID, Request, broken_store, full_key, hello, legacy_key, map,
        uint,
    },
    signatures::verify,
};

const CHALLENGE: [u8; 32] = [0xc4; 32];

const OK: u16 = 0x9000;
const TOUCH: u16 = 0x6985;
const UNKNOWN: u16 = 0x6a80;

const CHECK_ONLY: u8 = 0x07;
const ENFORCE: u8 = 0x03;
const DO_NOT_ENFORCE: u8 = 0x08;

fn key() -> Bench {
    Bench::new(full_key()).without_uv()
}

/// Data and status word.
fn send(bench: &mut Bench, apdu: &[u8]) -> (Vec<u8>, u16) {
    let mut response = bench.message(apdu).response;
    let word = response.split_off(response.len() - 2);
    (response, u16::from_be_bytes([word[0], word[1]]))
}

fn register(bench: &mut Bench) -> Registration {
    let (data, word) = send(bench, &register_message(&CHALLENGE, &application(RP_ID)));
    assert_eq!(word, OK);
    Registration::parse(&data).unwrap()
}

fn authenticate(rp_id: &str, handle: &[u8], control: u8) -> Vec<u8> {
    let mut message = authenticate_message(&CHALLENGE, &application(rp_id), handle, false).unwrap();
    message[2] = control;
    message
}

fn public_key(registration: &Registration) -> PublicKey {
    PublicKey::Es256 {
        x: registration.public_key[1..33].try_into().unwrap(),
        y: registration.public_key[33..].try_into().unwrap(),
    }
}

#[test]
fn version() {
    for (name, apdu, want) in [
        ("without Le", &[0, 3, 0, 0][..], (b"U2F_V2".to_vec(), OK)),
        ("short", &[0, 3, 0, 0, 0], (b"U2F_V2".to_vec(), OK)),
        ("extended", &[0, 3, 0, 0, 0, 0, 0], (b"U2F_V2".to_vec(), OK)),
        ("with data", &[0, 3, 0, 0, 0, 0, 1, 7, 0, 0], (vec![], 0x6700)),
        ("another class", &[0x80, 3, 0, 0], (vec![], 0x6e00)),
        ("another instruction", &[0, 4, 0, 0], (vec![], 0x6d00)),
        ("no instruction", &[0, 0, 0, 0], (vec![], 0x6d00)),
        ("a vendor's", &[0, 0xc0, 0, 0], (vec![], 0x6d00)),
        ("no header", &[0, 3, 0], (vec![], 0x6700)),
        ("nothing", &[], (vec![], 0x6700)),
        ("data cut off", &[0, 1, 0, 0, 0, 0, 64, 1, 2], (vec![], 0x6700)),
    ] {
        assert_eq!(send(&mut key(), apdu), want, "{name}");
    }
}

#[test]
fn a_profile_without_u2f_has_no_instructions() {
    let messages = [
        vec![0, 3, 0, 0],
        register_message(&CHALLENGE, &application(RP_ID)),
        authenticate(RP_ID, &[1; 64], CHECK_ONLY),
    ];
    for message in messages {
        assert_eq!(send(&mut Bench::new(hello()), &message), (vec![], 0x6d00));
    }
}

/// §7.2.4: U2F verifies nobody.
#[test]
fn with_always_uv_it_is_off() {
    for bench in [key().set(Setting::AlwaysUv(true)), Bench::new(full_key()).set(Setting::AlwaysUv(true))] {
        let mut bench = bench;
        for message in [vec![0, 3, 0, 0], register_message(&CHALLENGE, &application(RP_ID))] {
            let reply = bench.message(&message);
            assert_eq!(reply.response, [0x69, 0x86]);
            assert_eq!(reply.effects(), []);
        }
    }
}

#[test]
fn registration() {
    let mut bench = key();
    let registration = register(&mut bench);
    assert_eq!(registration.certificate, [0x30, 0x01, 0x01]);
    assert!(registration.key_handle.len() <= 255);
    assert_eq!(registration.public_key[0], 0x04);
    let batch = softhello_ctap::PrivateKey::from_bytes(Algorithm::Es256, &[0xa7; 32]).unwrap().public_key();
    let message =
        [&[0][..], &application(RP_ID), &CHALLENGE, &registration.key_handle, &registration.public_key]
            .concat();
    verify(&batch, &message, &registration.signature);
    assert!(bench.host.credentials.is_empty(), "nothing is stored");
    let other = register(&mut bench);
    assert_ne!((other.key_handle, other.public_key), (registration.key_handle, registration.public_key));
}

#[test]
fn a_registration_waits_for_a_touch_by_asking_again() {
    for answer in [Answer::TimedOut, Answer::Declined, Answer::Wrong, Answer::Cancelled] {
        let mut bench = key().user([answer, Answer::Given]);
        let reply = bench.message(&register_message(&CHALLENGE, &application(RP_ID)));
        assert_eq!(reply.response, [0x69, 0x85], "{answer:?}");
        assert_eq!(reply.effects(), [Call::Touch], "{answer:?}: no key is made");
        register(&mut bench);
    }
    for (name, data) in [("63", 63), ("65", 65), ("none", 0), ("31", 31)] {
        let apdu = [&[0, 1, 0, 0, 0, 0, data][..], &vec![1; data.into()]].concat();
        let apdu = if data == 0 { vec![0, 1, 0, 0] } else { apdu };
        let reply = key().message(&apdu);
        assert_eq!(reply.response, [0x67, 0x00], "{name} bytes");
        assert_eq!(reply.effects(), [], "{name} bytes");
    }
}

#[test]
fn authentication() {
    let mut bench = key();
    let registration = register(&mut bench);
    let handle = &registration.key_handle;
    for count in 1_u32..=3 {
        let (data, word) = send(&mut bench, &authenticate(RP_ID, handle, ENFORCE));
        assert_eq!(word, OK);
        let (head, signature) = data.split_at(5);
        assert_eq!(head, [&[1][..], &count.to_be_bytes()].concat());
        let message = [&application(RP_ID)[..], head, &CHALLENGE].concat();
        verify(&public_key(&registration), &message, signature);
    }
    // Check only: the handle is known, and nothing is signed or counted.
    let reply = bench.message(&authenticate(RP_ID, handle, CHECK_ONLY));
    assert_eq!(reply.response, [0x69, 0x85]);
    assert_eq!(reply.effects(), []);
    let built = authenticate_message(&CHALLENGE, &application(RP_ID), handle, true).unwrap();
    assert_eq!(send(&mut bench, &built), (vec![], TOUCH));
    assert_eq!(authenticate_message(&CHALLENGE, &application(RP_ID), &[0; 256], true), None);
    for control in [0, 1, 4, 0xff] {
        let reply = bench.message(&authenticate(RP_ID, handle, control));
        assert_eq!(reply.response, [0x6a, 0x86], "{control:#x}");
        assert_eq!(reply.effects(), []);
    }
}

#[test]
fn presence_of_an_authentication() {
    for (control, answer, want) in [
        (ENFORCE, Answer::Given, Ok(1)),
        (ENFORCE, Answer::TimedOut, Err(TOUCH)),
        (ENFORCE, Answer::Declined, Err(TOUCH)),
        (DO_NOT_ENFORCE, Answer::Given, Ok(1)),
        (DO_NOT_ENFORCE, Answer::TimedOut, Ok(0)),
    ] {
        let mut bench = key();
        let registration = register(&mut bench);
        let mut bench = bench.user([answer]);
        let message = authenticate(RP_ID, &registration.key_handle, control);
        let (data, word) = send(&mut bench, &message);
        match want {
            Ok(presence) => {
                assert_eq!((word, data[0]), (OK, presence), "{control} {answer:?}");
                let message = [&application(RP_ID)[..], &data[..5], &CHALLENGE].concat();
                verify(&public_key(&registration), &message, &data[5..]);
            }
            Err(error) => assert_eq!((data, word), (vec![], error), "{control} {answer:?}"),
        }
    }
}

#[test]
fn a_handle_that_was_not_made_here_for_this_application_is_unknown() {
    let mut bench = key();
    let handle = register(&mut bench).key_handle;
    let mut damaged = handle.clone();
    damaged[20] ^= 1;
    let of_another = register(&mut key().set(Setting::MinPinLength(8))).key_handle;
    let other_key = Bench::new(legacy_key()).create(&Request::make_credential()).id();
    for (name, rp_id, handle, want) in [
        ("its own", RP_ID, handle.as_slice(), TOUCH),
        ("another application", "other.example", &handle, UNKNOWN),
        ("damaged", RP_ID, &damaged, UNKNOWN),
        ("cut off", RP_ID, &handle[..handle.len() - 1], UNKNOWN),
        ("empty", RP_ID, &[], UNKNOWN),
    ] {
        for control in [CHECK_ONLY, ENFORCE, DO_NOT_ENFORCE] {
            if want == UNKNOWN || control == CHECK_ONLY {
                let reply = bench.message(&authenticate(rp_id, handle, control));
                assert_eq!(reply.response, want.to_be_bytes(), "{name}, {control}");
                assert_eq!(reply.effects(), [], "{name}: nobody is asked");
            }
        }
    }
    // The same sealing key: made by the same device.
    assert_eq!(send(&mut bench, &authenticate(RP_ID, &of_another, CHECK_ONLY)), (vec![], TOUCH));
    assert_eq!(send(&mut bench, &authenticate(RP_ID, &other_key, CHECK_ONLY)), (vec![], TOUCH));
    let lengths = [&[0, 2, 3, 0, 0, 0, 66][..], &[1; 64], &[2, 9], &[0, 0]].concat();
    assert_eq!(send(&mut bench, &lengths), (vec![], 0x6700), "the handle is shorter than it says");
    let longer = [&[0, 2, 3, 0, 0, 0, 67][..], &[1; 64], &[1, 9, 9], &[0, 0]].concat();
    assert_eq!(send(&mut bench, &longer), (vec![], 0x6700), "the handle is longer than it says");
    let none = [&[0, 2, 3, 0, 0, 0, 64][..], &[1; 64], &[0, 0]].concat();
    assert_eq!(send(&mut bench, &none), (vec![], 0x6700));
}

/// §10: each side uses what the other made.
#[test]
fn credentials_cross_over() {
    let mut bench = key();
    // U2F's at authenticatorGetAssertion.
    let registration = register(&mut bench);
    let asserted = bench.assert(&Request::get_assertion().list(&[&registration.key_handle]));
    assert_eq!(asserted.auth_data.rp_id_hash, application(RP_ID));
    let message = [&asserted.auth_data_bytes[..], &CLIENT_DATA_HASH].concat();
    verify(&public_key(&registration), &message, &asserted.signature);
    assert_eq!(asserted.auth_data.sign_count, 1);
    // And in the exclude list.
    let excluded = bench.send(&Request::make_credential().list(&[&registration.key_handle]).bytes());
    assert_eq!(excluded.status(), Status::CredentialExcluded);
    assert_eq!(
        bench.send(&Request::get_assertion().bytes()).status(),
        Status::NoCredentials,
        "never discovered"
    );

    // CTAP2's at U2F: kept or sealed, of ES256, without a need of verification.
    let level = |level| [("credProtect", uint(level))];
    let profile = Profile { algorithms: Algorithm::ALL.to_vec(), ..full_key() };
    for (name, request, want) in [
        ("sealed", Request::make_credential(), OK),
        ("kept", Request::make_credential().option("rk", true), OK),
        ("level 2", Request::make_credential().with(6, map(&level(2))), OK),
        ("level 3", Request::make_credential().with(6, map(&level(3))), UNKNOWN),
        ("level 3, kept", Request::make_credential().with(6, map(&level(3))).option("rk", true), UNKNOWN),
        ("EdDSA", Request::make_credential().algorithms(&[-8]), UNKNOWN),
        (
            "RS256, whose id is longer than its length can say",
            Request::make_credential().algorithms(&[-257]),
            0x6700,
        ),
    ] {
        let mut bench = Bench::new(profile.clone()).without_uv();
        let created = bench.create(&request);
        let id = created.id();
        let head = [0, 2, ENFORCE, 0, 0];
        let len = u16::try_from(65 + id.len()).unwrap().to_be_bytes();
        let len_byte = u8::try_from(id.len()).unwrap_or(u8::MAX);
        let message = [&head[..], &len, &CHALLENGE, &application(RP_ID), &[len_byte], &id, &[0, 0]].concat();
        let (data, word) = send(&mut bench, &message);
        assert_eq!(word, want, "{name}");
        if word == OK {
            let message = [&application(RP_ID)[..], &data[..5], &CHALLENGE].concat();
            verify(&created.attested().public_key, &message, &data[5..]);
            let asserted = bench.assert(&Request::get_assertion().list(&[&id]));
            assert_eq!(asserted.auth_data.sign_count, 2, "{name}: one counter for both");
        }
    }
}

#[test]
fn a_constant_counter() {
    let mut bench = Bench::new(Profile { counter: CounterPolicy::Zero, ..legacy_key() });
    let handle = register(&mut bench).key_handle;
    let (data, word) = send(&mut bench, &authenticate(RP_ID, &handle, ENFORCE));
    assert_eq!((word, &data[..5]), (OK, &[1, 0, 0, 0, 0][..]));
}

#[test]
fn a_reset_ends_every_key_handle() {
    let mut bench = key();
    let handle = register(&mut bench).key_handle;
    assert_eq!(bench.send(&[softhello_ctap::api::RESET]).status(), Status::Ok);
    assert_eq!(send(&mut bench, &authenticate(RP_ID, &handle, CHECK_ONLY)), (vec![], UNKNOWN));
}

#[test]
fn a_failing_host() {
    let registered = |point: Point| key().fail(point, broken_store());
    for point in [Point::State, Point::Generate] {
        let (data, word) = send(&mut registered(point), &register_message(&CHALLENGE, &application(RP_ID)));
        assert_eq!((data, word), (vec![], 0x6f00), "{point:?}");
    }
    for point in [Point::State, Point::Find, Point::Load, Point::NextCount] {
        let mut bench = key();
        let id = bench.keep(RP_ID, "ada", Protection::Optional, true);
        let mut bench = bench.fail(point, broken_store());
        assert_eq!(send(&mut bench, &authenticate(RP_ID, &id, ENFORCE)), (vec![], 0x6f00), "{point:?}");
    }
}

#[test]
fn registrations_that_are_none() {
    let mut bench = key();
    let (data, _) = send(&mut bench, &register_message(&CHALLENGE, &application(RP_ID)));
    let certificate = Registration::parse(&data).expect("a registration").certificate;
    let signature = data.windows(certificate.len()).position(|part| part == certificate);
    for len in 0..signature.expect("its certificate") + certificate.len() {
        assert_eq!(Registration::parse(&data[..len]), None, "{len} bytes");
    }
    let mut wrong = data.clone();
    wrong[0] = 4;
    assert_eq!(Registration::parse(&wrong), None);
    // The certificate's length in each of its forms.
    let with_certificate = |certificate: &[u8]| {
        let head = [&[5][..], &[4; 65], &[1, 9]].concat();
        Registration::parse(&[&head[..], certificate, &[0xaa]].concat())
            .map(|parsed| parsed.certificate.len())
    };
    assert_eq!(with_certificate(&[0x30, 0]), Some(2));
    assert_eq!(with_certificate(&[&[0x30, 0x7f][..], &[0; 127]].concat()), Some(129));
    assert_eq!(with_certificate(&[&[0x30, 0x81, 0x80][..], &[0; 128]].concat()), Some(131));
    assert_eq!(with_certificate(&[&[0x30, 0x82, 1, 0][..], &[0; 256]].concat()), Some(260));
    for wrong in
        [&[][..], &[0x30], &[0x31, 0], &[0x30, 0x83, 0, 0, 1, 0], &[0x30, 0x81], &[0x30, 0x82, 0xff, 0xff]]
    {
        assert_eq!(with_certificate(wrong), None, "{wrong:02x?}");
    }
}
