//! The message layer: command bytes, sizes, canonical CBOR. CTAP 2.3 §8.

use softhello_ctap::{Profile, Status, api};

use crate::bench::{
    Bench, CLIENT_DATA_HASH, Request, array, boolean, bytes, full_key, hello, int, map, raw_map,
    security_key, text, uint,
};

const COMMANDS: [u8; 6] = [
    api::MAKE_CREDENTIAL,
    api::GET_ASSERTION,
    api::GET_INFO,
    api::RESET,
    api::GET_NEXT_ASSERTION,
    api::SELECTION,
];

#[test]
fn commands_that_do_not_exist() {
    let mut bench = Bench::new(hello());
    bench.send(&[]).assert_refused("no command byte", Status::InvalidCommand);
    for command in (0..=u8::MAX).filter(|command| !COMMANDS.contains(command)) {
        for (name, body) in [
            ("nothing", &[][..]),
            ("an empty map", &[0xa0]),
            ("no CBOR", &[0xff, 0xff]),
            ("a subcommand", &[0xa1, 0x01, 0x01]),
        ] {
            let reply = bench.send(&[&[command][..], body].concat());
            reply.assert_refused(&format!("{command:#04x} with {name}"), Status::InvalidCommand);
            assert_eq!(reply.calls.len(), 1, "{command:#04x}: only the response is shaped");
        }
    }
}

/// "The command decides before the body: an unimplemented command answers 0x01 whatever its body holds."
#[test]
fn a_command_that_does_not_exist_is_not_too_large() {
    let request = [vec![0x0a], vec![0; 2000]].concat();
    Bench::new(hello()).send(&request).assert_refused("2,001 bytes", Status::InvalidCommand);
}

#[test]
fn requests_up_to_the_limit() {
    let limited = |max_msg_size| Profile { max_msg_size, ..hello() };
    for (name, profile, limit) in [
        ("not announced", limited(None), 1024),
        ("the least", limited(Some(1024)), 1024),
        ("announced", limited(Some(2048)), 2048),
        ("the most", limited(Some(65_536)), 65_536),
    ] {
        for request in [Request::make_credential(), Request::get_assertion()] {
            let mut bench = Bench::new(profile.clone()).passkey("bob");
            let longest = padded_to(&request, limit);
            assert_eq!(bench.send(&longest).status(), Status::Ok, "{name}, {limit} bytes");
            let too_long = padded_to(&request, limit + 1);
            let reply = bench.send(&too_long);
            reply.assert_refused(&format!("{name}, {} bytes", limit + 1), Status::RequestTooLarge);
            assert_eq!(reply.effects(), [], "{name}: nobody was asked");
        }
    }
}

/// The request with an unknown member that makes it `len` bytes long.
fn padded_to(request: &Request, len: usize) -> Vec<u8> {
    // Key 0x20 and the head of a byte string of 256 to 65,535 bytes.
    let overhead = 2 + 3;
    let padding = len - request.bytes().len() - overhead;
    let padded = request.clone().with(0x20, bytes(&vec![0; padding])).bytes();
    assert_eq!(padded.len(), len);
    padded
}

#[test]
fn a_request_too_large_is_not_read() {
    for command in COMMANDS {
        let request = [vec![command], vec![0xff; 1024]].concat();
        let profile = Profile { max_msg_size: None, ..full_key() };
        let reply = Bench::new(profile).send(&request);
        reply.assert_refused(&format!("{command:#04x}"), Status::RequestTooLarge);
    }
}

#[test]
fn commands_without_parameters_ignore_what_follows() {
    for (command, want) in [
        (api::GET_INFO, Status::Ok),
        (api::SELECTION, Status::Ok),
        (api::RESET, Status::Ok),
        (api::GET_NEXT_ASSERTION, Status::NotAllowed),
    ] {
        for stray in [&[0xa0][..], &[0xff, 0xff], &[0xa1, 0x01, 0x01]] {
            let reply = Bench::new(full_key()).send(&[&[command][..], stray].concat());
            assert_eq!(reply.status(), want, "{command:#04x} and {stray:02x?}");
        }
    }
}

/// Valid requests with `item` as an unknown member at their end.
fn requests_with(item: &[u8]) -> [Vec<u8>; 2] {
    [
        Request::make_credential().with(0x20, item.to_vec()).bytes(),
        Request::get_assertion().with(0x20, item.to_vec()).bytes(),
    ]
}

#[test]
fn no_item_may_be_other_than_canonical() {
    let nested = |depth: usize| (1..depth).fold(array(&[]), |inner, _| array(&[inner]));
    for (name, item) in [
        ("an integer of 24 in one byte too many", vec![0x19, 0x00, 0x18]),
        ("an integer of 23 in two bytes", vec![0x18, 0x17]),
        ("an integer of 65,535 in five bytes", vec![0x1a, 0x00, 0x00, 0xff, 0xff]),
        ("an integer of 32 bits in nine bytes", vec![0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]),
        ("a negative integer that is not minimal", vec![0x38, 0x00]),
        ("a length of bytes that is not minimal", vec![0x58, 0x01, 0x00]),
        ("a length of text that is not minimal", vec![0x78, 0x01, b'a']),
        ("a length of an array that is not minimal", vec![0x98, 0x01, 0x00]),
        ("a length of a map that is not minimal", vec![0xb8, 0x01, 0x00, 0x00]),
        ("bytes of indefinite length", vec![0x5f, 0x41, 0x00, 0xff]),
        ("text of indefinite length", vec![0x7f, 0x61, b'a', 0xff]),
        ("an array of indefinite length", vec![0x9f, 0xff]),
        ("a map of indefinite length", vec![0xbf, 0xff]),
        ("a break", vec![0xff]),
        ("the reserved additional information 28", vec![0x1c]),
        ("the reserved additional information 30", vec![0x5e]),
        ("a tag", vec![0xc0, 0x60]),
        ("a big number", vec![0xc2, 0x41, 0x01]),
        ("a half float", vec![0xf9, 0x3c, 0x00]),
        ("a float", vec![0xfa, 0, 0, 0, 0]),
        ("a double", vec![0xfb, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("null", vec![0xf6]),
        ("undefined", vec![0xf7]),
        ("a simple value", vec![0xe0]),
        ("a simple value of two bytes", vec![0xf8, 0x20]),
        ("true in two bytes", vec![0xf8, 0x15]),
        ("text that is not UTF-8", vec![0x62, 0xc3, 0x28]),
        ("text with a surrogate", vec![0x63, 0xed, 0xa0, 0x80]),
        ("text with an overlong character", vec![0x62, 0xc0, 0x80]),
        ("text cut inside a character", vec![0x61, 0xc3]),
        ("a key twice", raw_map(&[(uint(1), uint(1)), (uint(1), uint(2))])),
        ("a text key twice", raw_map(&[(text("a"), uint(1)), (text("a"), uint(1))])),
        ("integer keys out of order", raw_map(&[(uint(2), uint(1)), (uint(1), uint(1))])),
        ("a long key before a short one", raw_map(&[(text("aa"), uint(1)), (text("b"), uint(1))])),
        ("a text key before an integer key", raw_map(&[(text("a"), uint(1)), (uint(1), uint(1))])),
        ("a text key before a negative key", raw_map(&[(text("a"), uint(1)), (int(-300), uint(1))])),
        ("a negative key before a positive one", raw_map(&[(int(-1), uint(1)), (uint(1000), uint(1))])),
        ("negative keys out of order", raw_map(&[(int(-2), uint(1)), (int(-1), uint(1))])),
        ("a forbidden key", raw_map(&[(vec![0xf6], uint(1))])),
        ("an array too deep", nested(4)),
        ("a map too deep", map(&[("a", map(&[("b", map(&[("c", map(&[]))]))]))])),
        ("a key too deep", raw_map(&[(nested(3), uint(1))])),
        ("an array longer than the request", vec![0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ("a map longer than the request", vec![0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ("bytes longer than the request", vec![0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ("text longer than the request", vec![0x7a, 0x7f, 0xff, 0xff, 0xff]),
        ("no value", vec![]),
    ] {
        for request in requests_with(&item) {
            let reply = Bench::new(hello()).passkey("bob").send(&request);
            reply.assert_refused(name, Status::InvalidCbor);
            assert_eq!(reply.effects(), [], "{name}: nobody was asked");
        }
    }
}

#[test]
fn the_parameters_are_one_canonical_map() {
    let hash = || (uint(0x01), bytes(&CLIENT_DATA_HASH));
    let valid = Request::make_credential().bytes();
    let parameters = || valid[1..].to_vec();
    let cut = |len: usize| parameters()[..len].to_vec();
    for (name, parameters, want) in [
        ("nothing", vec![], Status::InvalidCbor),
        ("cut in the head of a member", cut(2), Status::InvalidCbor),
        ("cut in the middle", cut(40), Status::InvalidCbor),
        ("cut before the last byte", cut(valid.len() - 2), Status::InvalidCbor),
        ("a byte after the end", [parameters(), vec![0x00]].concat(), Status::InvalidCbor),
        ("the map twice", [parameters(), parameters()].concat(), Status::InvalidCbor),
        ("a member twice", raw_map(&[hash(), hash()]), Status::InvalidCbor),
        (
            "members out of order",
            raw_map(&[(uint(0x02), map(&[("id", text("a"))])), hash()]),
            Status::InvalidCbor,
        ),
        ("a key that is not minimal", raw_map(&[(vec![0x18, 0x01], bytes(&[]))]), Status::InvalidCbor),
        ("indefinite length", [&[0xbf][..], &parameters()[1..], &[0xff]].concat(), Status::InvalidCbor),
        ("tagged", [&[0xd9, 0xd9, 0xf7][..], &parameters()].concat(), Status::InvalidCbor),
        ("an array", array(&[]), Status::CborUnexpectedType),
        ("an integer", uint(1), Status::CborUnexpectedType),
        ("bytes that hold the map", bytes(&parameters()), Status::CborUnexpectedType),
        ("an empty map", map(&[]), Status::MissingParameter),
    ] {
        for command in [api::MAKE_CREDENTIAL, api::GET_ASSERTION] {
            let reply = Bench::new(hello()).send(&[vec![command], parameters.clone()].concat());
            reply.assert_refused(&format!("{command:#04x}: {name}"), want);
        }
    }
}

#[test]
fn unknown_members_of_every_type_are_ignored() {
    let transports = |list| map(&[("id", bytes(&[7])), ("type", text("public-key")), ("transports", list)]);
    for (name, item) in [
        ("an integer", uint(u64::MAX)),
        ("the least integer", vec![0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ("a boolean", boolean(false)),
        ("bytes", bytes(&[0xff])),
        ("text", text("ünbekannt")),
        ("four levels of arrays", array(&[array(&[array(&[])])])),
        ("four levels of maps", map(&[("a", map(&[("b", map(&[]))]))])),
        (
            "keys of every type",
            raw_map(&[
                (uint(0), uint(0)),
                (uint(24), uint(0)),
                (int(-1), uint(0)),
                (int(-25), uint(0)),
                (bytes(&[1]), uint(0)),
                (text("a"), uint(0)),
                (text("b"), uint(0)),
                (text("aa"), uint(0)),
                (array(&[]), uint(0)),
                (boolean(false), uint(0)),
                (boolean(true), uint(0)),
            ]),
        ),
    ] {
        for request in requests_with(&item) {
            assert_eq!(Bench::new(hello()).passkey("bob").send(&request).status(), Status::Ok, "{name}");
        }
    }
    let text_key = |request: Request| {
        // A text key stands after all integers.
        let mut bytes = request.bytes();
        bytes[1] += 1;
        bytes.extend(text("x"));
        bytes.extend(uint(1));
        bytes
    };
    for request in [Request::make_credential(), Request::get_assertion()] {
        assert_eq!(Bench::new(hello()).passkey("bob").send(&text_key(request)).status(), Status::Ok);
    }
    // The deepest list there is: parameters, excludeList, descriptor, transports.
    let request = Request::make_credential().descriptors(&[transports(array(&[text("usb")]))]);
    assert_eq!(Bench::new(hello()).send(&request.bytes()).status(), Status::Ok);
    let request = Request::make_credential().descriptors(&[transports(array(&[array(&[])]))]);
    Bench::new(hello()).send(&request.bytes()).assert_refused("a fifth level", Status::InvalidCbor);
}

#[test]
fn whatever_is_sent_is_shaped_once() {
    let mut bench = Bench::new(security_key());
    bench.host.shaper = Some(|piece, bytes| {
        if piece == softhello_ctap::Piece::Response {
            bytes.push(0xee);
        }
    });
    for request in [vec![], vec![0x04], vec![0xff], Request::make_credential().bytes()] {
        let reply = bench.send(&request);
        assert_eq!(
            reply.response.iter().rev().take_while(|byte| **byte == 0xee).count(),
            1,
            "{request:02x?}"
        );
    }
}
