#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test that panics has failed, and says where"
)]

use rand::{Rng as _, RngExt as _, SeedableRng as _, rngs::ChaCha20Rng};
use uuid::Uuid;

use super::*;

const SELECT_FIDO: [u8; 14] = [0x00, 0xa4, 0x04, 0x00, 8, 0xa0, 0, 0, 6, 0x47, 0x2f, 0, 1, 0];

fn profile(u2f: bool) -> Profile {
    let versions =
        if u2f { vec![Version::U2fV2, Version::Fido20] } else { vec![Version::Fido20, Version::Fido23] };
    Profile { versions, ..Profile::new("card", Uuid::nil()) }
}

/// A card that is selected.
fn card() -> Card {
    let mut card = Card::new(&profile(true));
    assert_eq!(card.receive(&SELECT_FIDO).action, answer(b"U2F_V2\x90\x00"));
    card
}

fn answer(bytes: &[u8]) -> Action {
    Action::Answer(bytes.to_vec())
}

fn word(word: StatusWord) -> Action {
    answer(&word.0.to_be_bytes())
}

fn cbor(request: &[u8], polls: bool) -> Action {
    Action::Cbor { request: request.to_vec(), polls }
}

/// A short NFCCTAP_MSG with Le.
fn message(cla: u8, p1: u8, data: &[u8]) -> Vec<u8> {
    [&[cla, NFCCTAP_MSG, p1, 0, u8::try_from(data.len()).unwrap()][..], data, &[0]].concat()
}

/// An extended NFCCTAP_MSG without Le.
fn long_message(p1: u8, data: &[u8]) -> Vec<u8> {
    let len = u16::try_from(data.len()).unwrap().to_be_bytes();
    [&[0x80, NFCCTAP_MSG, p1, 0, 0, len[0], len[1]][..], data].concat()
}

#[test]
fn selection() {
    for (u2f, want) in [(true, &b"U2F_V2\x90\x00"[..]), (false, b"FIDO_2_0\x90\x00")] {
        let mut card = Card::new(&profile(u2f));
        assert_eq!(card.receive(&message(0x80, 0, &[4])).action, word(StatusWord::CONDITIONS_NOT_SATISFIED));
        assert_eq!(
            card.receive(&[0x80, GET_RESPONSE, 0, 0, 0]).action,
            word(StatusWord::CONDITIONS_NOT_SATISFIED)
        );
        assert_eq!(card.receive(&SELECT_FIDO).action, answer(want));
        assert_eq!(card.receive(&SELECT_FIDO[..13]).action, answer(want), "without Le");
        assert_eq!(card.receive(&message(0x80, 0, &[4])).action, cbor(&[4], false));
        card.reset();
        assert_eq!(card.receive(&message(0x80, 0, &[4])).action, word(StatusWord::CONDITIONS_NOT_SATISFIED));
    }
    for (name, command, want) in [
        ("another application", &[0, 0xa4, 4, 0, 3, 1, 2, 3][..], StatusWord::NOT_FOUND),
        ("half of it", &[0, 0xa4, 4, 0, 5, 0xa0, 0, 0, 6, 0x47], StatusWord::NOT_FOUND),
        ("no application", &[0, 0xa4, 4, 0], StatusWord::NOT_FOUND),
        ("a file", &[0, 0xa4, 0, 0, 2, 0x3f, 0], StatusWord::WRONG_PARAMETERS),
    ] {
        let mut card = Card::new(&profile(true));
        assert_eq!(card.receive(command).action, word(want), "{name}");
        assert_eq!(
            card.receive(&message(0x80, 0, &[4])).action,
            word(StatusWord::CONDITIONS_NOT_SATISFIED),
            "{name}"
        );
        // One that is selected stays so.
        let mut card = self::card();
        card.receive(command);
        assert_eq!(card.receive(&message(0x80, 0, &[4])).action, cbor(&[4], false), "{name}");
    }
}

#[test]
fn commands_that_are_none() {
    for (name, command, want) in [
        ("nothing", &[][..], StatusWord::WRONG_LENGTH),
        ("no whole header", &[0x80, 0x10, 0], StatusWord::WRONG_LENGTH),
        ("data cut off", &[0x80, 0x10, 0, 0, 5, 1], StatusWord::WRONG_LENGTH),
        ("no request", &[0x80, 0x10, 0, 0, 0], StatusWord::WRONG_LENGTH),
        ("an unknown instruction", &[0x80, 0x13, 0, 0], StatusWord::UNKNOWN_INSTRUCTION),
        ("ENVELOPE", &[0x80, 0xc3, 0, 0, 1, 4], StatusWord::UNKNOWN_INSTRUCTION),
        ("ENVELOPE of ISO 7816", &[0x00, 0xc2, 0, 0, 1, 4], StatusWord::UNKNOWN_INSTRUCTION),
        ("an unknown class", &[0x60, 0x10, 0, 0, 1, 4], StatusWord::UNKNOWN_CLASS),
        ("CTAP's instruction in another class", &[0x00, 0x10, 0, 0, 1, 4], StatusWord::UNKNOWN_INSTRUCTION),
        ("an instruction of U2F that does not exist", &[0x00, 0x04, 0, 0], StatusWord::UNKNOWN_INSTRUCTION),
        ("GETRESPONSE of nothing", &[0x80, 0x11, 0, 0], StatusWord::CONDITIONS_NOT_SATISFIED),
        ("a cancel of nothing", &[0x80, 0x11, 0x11, 0], StatusWord::CONDITIONS_NOT_SATISFIED),
        ("GET RESPONSE of nothing", &[0x80, 0xc0, 0, 0, 0], StatusWord::CONDITIONS_NOT_SATISFIED),
        ("an unknown control", &[0x80, 0x12, 0, 0], StatusWord::WRONG_PARAMETERS),
        ("control with P2", &[0x80, 0x12, 1, 1], StatusWord::WRONG_PARAMETERS),
    ] {
        let mut card = card();
        let received = card.receive(command);
        assert_eq!(received, Received { aborts: false, action: word(want) }, "{name}");
        assert_eq!(card.receive(&message(0x80, 0, &[4])).action, cbor(&[4], false), "{name}: still selected");
    }
    let mut card = card();
    assert_eq!(card.receive(&[0x80, 0x12, 1, 0]).action, word(StatusWord::OK));
    assert_eq!(
        card.receive(&message(0x80, 0, &[4])).action,
        word(StatusWord::CONDITIONS_NOT_SATISFIED),
        "deselected"
    );
}

#[test]
fn requests_short_chained_and_extended() {
    let request: Vec<u8> = (0..1000).map(|at| (at % 251) as u8).collect();
    let mut card = card();
    let mut parts = request.chunks(250).peekable();
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        let command = message(if last { 0x80 } else { 0x90 }, 0x80, part);
        let want = if last { cbor(&request, true) } else { word(StatusWord::OK) };
        assert_eq!(card.receive(&command).action, want);
    }
    assert_eq!(card.receive(&long_message(0x80, &request)).action, cbor(&request, true));
    assert_eq!(card.receive(&long_message(0, &request)).action, cbor(&request, false));
    // A chain ends with another command, and with the longest one that can be.
    card.receive(&message(0x90, 0, &[1; 200]));
    assert_eq!(
        card.receive(&message(0x80, 0x80, &[4])).action,
        cbor(&[4], true),
        "P1 is another: another command"
    );
    for sent in 0..300 {
        let action = card.receive(&message(0x90, 0, &[1; 255])).action;
        if sent == 257 {
            assert_eq!(action, word(StatusWord::WRONG_LENGTH), "65,535 bytes are the most");
            break;
        }
        assert_eq!(action, word(StatusWord::OK), "{sent}");
    }
    assert_eq!(card.receive(&message(0x80, 0, &[4])).action, cbor(&[4], false));
    // SELECT ends it as well.
    card.receive(&message(0x90, 0, &[1; 200]));
    card.receive(&SELECT_FIDO);
    assert_eq!(card.receive(&message(0x80, 0, &[4])).action, cbor(&[4], false));
}

#[test]
fn responses_short_and_extended() {
    let response: Vec<u8> = (0..700).map(|at| (at % 251) as u8).collect();
    let with = |data: &[u8], word: [u8; 2]| [data, &word].concat();
    let mut card = card();
    card.receive(&long_message(0, &[4]));
    assert_eq!(
        card.respond(response.clone()),
        with(&response, [0x90, 0]),
        "an extended command gets it whole"
    );

    for (name, select_class) in [("CLA 80", 0x80), ("CLA 00", 0x00)] {
        card.receive(&message(0x80, 0, &[4]));
        assert_eq!(
            card.respond(response.clone()),
            with(&response[..256], [0x61, 0]),
            "{name}: 256 or more are left"
        );
        let next = card.receive(&[select_class, GET_RESPONSE, 0, 0, 0]).action;
        assert_eq!(next, Action::Answer(with(&response[256..512], [0x61, 188])), "{name}");
        let last = card.receive(&[select_class, GET_RESPONSE, 0, 0, 188]).action;
        assert_eq!(last, Action::Answer(with(&response[512..], [0x90, 0])), "{name}");
        let nothing = card.receive(&[select_class, GET_RESPONSE, 0, 0, 0]).action;
        assert_eq!(nothing, word(StatusWord::CONDITIONS_NOT_SATISFIED), "{name}");
    }
    // As much as Le says.
    let short = [0x80, NFCCTAP_MSG, 0, 0, 1, 4, 100];
    card.receive(&short);
    assert_eq!(card.respond(response[..150].to_vec()), with(&response[..100], [0x61, 50]));
    // Another command drops the rest.
    card.receive(&message(0x80, 0, &[4]));
    card.respond(Vec::new());
    assert_eq!(
        card.receive(&[0x80, GET_RESPONSE, 0, 0, 0]).action,
        word(StatusWord::CONDITIONS_NOT_SATISFIED)
    );
    card.receive(&message(0x80, 0, &[4]));
    assert_eq!(card.respond(response[..256].to_vec()), with(&response[..256], [0x90, 0]), "just whole");
}

#[test]
fn a_request_under_way_is_polled() {
    let mut card = card();
    let poll = [0x80, NFCCTAP_GETRESPONSE, 0, 0, 0];
    let cancel = [0x80, NFCCTAP_GETRESPONSE, 0x11, 0];
    assert_eq!(card.receive(&message(0x80, 0x80, &[1])).action, cbor(&[1], true));
    assert_eq!(card.still_under_way(false), [1, 0x91, 0]);
    for awaits_user in [true, false] {
        assert_eq!(card.receive(&poll).action, Action::Poll);
        assert_eq!(card.still_under_way(awaits_user), [if awaits_user { 2 } else { 1 }, 0x91, 0]);
    }
    let rfu = [0x80, NFCCTAP_GETRESPONSE, 0x22, 0];
    assert_eq!(card.receive(&rfu).action, Action::Poll, "other P1 are a poll");
    assert_eq!(card.receive(&cancel), Received { aborts: false, action: Action::Cancel });
    assert_eq!(card.respond(vec![0x2d]), [0x2d, 0x90, 0]);
    assert_eq!(card.receive(&poll).action, word(StatusWord::CONDITIONS_NOT_SATISFIED));

    // What drops it.
    for (name, command, want) in [
        ("a new SELECT", SELECT_FIDO.to_vec(), answer(b"U2F_V2\x90\x00")),
        ("the end", vec![0x80, NFCCTAP_CONTROL, 1, 0], word(StatusWord::OK)),
        ("another request", message(0x80, 0x80, &[4]), cbor(&[4], true)),
        ("a U2F message", vec![0, 3, 0, 0, 0], Action::Message(vec![0, 3, 0, 0, 0, 0, 0])),
    ] {
        let mut card = self::card();
        card.receive(&message(0x80, 0x80, &[1]));
        card.still_under_way(true);
        assert_eq!(card.receive(&command), Received { aborts: true, action: want }, "{name}");
        let again = card.receive(&poll).action;
        assert_eq!(again, word(StatusWord::CONDITIONS_NOT_SATISFIED), "{name}");
    }
    // What is wrong does not.
    let mut card = self::card();
    card.receive(&message(0x80, 0x80, &[1]));
    card.still_under_way(true);
    assert!(!card.receive(&[0x80, 0x77, 0, 0]).aborts);
    assert_eq!(card.receive(&poll).action, Action::Poll);
}

#[test]
fn u2f_messages() {
    let mut card = card();
    for (name, command, want) in [
        ("version", vec![0, 3, 0, 0], vec![0, 3, 0, 0, 0, 0, 0]),
        (
            "with data",
            [&[0, 1, 0, 0, 64][..], &[7; 64]].concat(),
            [&[0, 1, 0, 0, 0, 0, 64][..], &[7; 64], &[0, 0]].concat(),
        ),
    ] {
        assert_eq!(card.receive(&command).action, Action::Message(want), "{name}");
    }
    // Chained, and answered in parts.
    card.receive(&[&[0x10, 2, 3, 0, 200][..], &[7; 200]].concat());
    let last = card.receive(&[&[0, 2, 3, 0, 100][..], &[7; 100], &[0]].concat()).action;
    assert_eq!(last, Action::Message([&[0, 2, 3, 0, 0, 1, 44][..], &[7; 300], &[0, 0]].concat()));
    let response = [&[9; 300][..], &[0x90, 0]].concat();
    assert_eq!(card.respond_message(response), [&[9; 256][..], &[0x61, 44]].concat());
    assert_eq!(card.respond_message(vec![0x69, 0x85]), [0x69, 0x85]);
    // Without U2F there are none.
    let mut card = Card::new(&profile(false));
    card.receive(&SELECT_FIDO);
    assert_eq!(card.receive(&[0, 3, 0, 0, 0]).action, word(StatusWord::UNKNOWN_INSTRUCTION));
    // With U2F alone there is no CTAP2.
    let mut card = Card::new(&Profile { versions: vec![Version::U2fV2], ..profile(true) });
    assert_eq!(card.receive(&SELECT_FIDO).action, Action::Answer(b"U2F_V2\x90\x00".to_vec()));
    assert_eq!(card.receive(&message(0x80, 0x80, &[4])).action, word(StatusWord::UNKNOWN_CLASS));
}

/// 10,000 APDUs without sense: each is answered, nothing grows, and the next honest platform is served.
#[test]
fn random_apdus() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let mut card = Card::new(&profile(true));
    for _ in 0..10_000 {
        let mut command = vec![0; rng.random_range(0..400)];
        rng.fill_bytes(&mut command);
        if command.len() > 4 && rng.random_ratio(9, 10) {
            command[0] = [0x00, 0x80, 0x90, 0x10][rng.random_range(0..4)];
            command[1] = [0xa4, 0x10, 0x11, 0x12, 0xc0, 1, 2, 3, 0xc3][rng.random_range(0..9)];
            command[4] = *[(command.len() - 5) as u8, 0, command[4]].get(rng.random_range(0..3)).unwrap();
        }
        if rng.random_ratio(1, 10) {
            command = SELECT_FIDO.to_vec();
        }
        let answer = match card.receive(&command).action {
            Action::Answer(answer) => answer,
            Action::Cbor { polls: true, .. } | Action::Poll if rng.random() => {
                card.still_under_way(rng.random())
            }
            Action::Cbor { .. } | Action::Poll | Action::Cancel => {
                card.respond(vec![7; rng.random_range(1..3000)])
            }
            Action::Message(_) => {
                card.respond_message([&vec![7; rng.random_range(0..600)][..], &[0x90, 0]].concat())
            }
        };
        assert!(answer.len() >= 2 && answer.len() <= 3002);
    }
    assert_eq!(card.receive(&SELECT_FIDO).action, answer(b"U2F_V2\x90\x00"));
    assert_eq!(card.receive(&message(0x80, 0, &[4])).action, cbor(&[4], false));
}
