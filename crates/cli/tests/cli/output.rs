//! What is on standard output and what is not.

use std::process::Stdio;

use crate::desk::{Desk, ORIGIN};

#[test]
fn json_is_one_document_whatever_happens() {
    let desk = Desk::new();
    let create = format!("create {ORIGIN} --options create.json");
    let other = format!("{create} --profile synced-passkey");
    let id = desk.run(&other).ok().json()["id"].as_str().unwrap().to_owned();
    for (arguments, code) in [
        (create.clone(), 0),
        (format!("{create} --explain --verbose --seed 00"), 0),
        (format!("{create} --user decline"), 1),
        (format!("get {ORIGIN} --options get.json"), 0),
        (format!("get {ORIGIN} --options nothing.json"), 3),
        ("account list".to_owned(), 0),
        ("account add ada".to_owned(), 0),
        ("account add ada".to_owned(), 2),
        ("account remove ada".to_owned(), 0),
        ("pin clear".to_owned(), 0),
        ("whfb remove".to_owned(), 1),
        ("container delete --account nobody".to_owned(), 2),
        ("passkeys list".to_owned(), 0),
        ("passkeys export".to_owned(), 0),
        ("passkeys import create.json".to_owned(), 2),
        (format!("passkeys delete --profile synced-passkey -- {id}"), 0),
        ("info".to_owned(), 0),
        ("explain 04".to_owned(), 0),
        ("explain ?".to_owned(), 2),
        ("store check".to_owned(), 0),
        ("store copy redb".to_owned(), 0),
        ("store copy redb".to_owned(), 1),
        ("--data create.json info".to_owned(), 3),
        ("info --seed x".to_owned(), 2),
        ("create".to_owned(), 2),
        ("nonsense".to_owned(), 2),
        (String::new(), 2),
    ] {
        let finished = desk.run(&format!("--json {arguments}"));
        assert_eq!(finished.code, code, "{arguments}: {}{}", finished.stdout, finished.stderr);
        let document = finished.json();
        assert!(finished.stdout.ends_with('\n'), "{arguments}");
        if code == 0 {
            assert!(document.get("error").is_none(), "{arguments}: {document}");
        } else {
            finished.is_error(code, &[]);
            let error = &document["error"];
            assert_eq!(error["exit"], code, "{arguments}: {document}");
            for member in ["reason", "hint"] {
                assert!(
                    error[member].as_str().is_some_and(|text| !text.is_empty()),
                    "{arguments}: {document}"
                );
            }
        }
    }
}

#[test]
fn colours_are_where_they_are_wanted() {
    let desk = Desk::new();
    for (arguments, no_color, coloured) in [
        ("account remove nobody", false, false),
        ("account remove nobody --color always", false, true),
        ("account remove nobody --color always", true, true),
        ("account remove nobody --color never", false, false),
        ("account remove nobody --color auto", true, false),
    ] {
        let mut command = desk.command(arguments);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        let stderr = command.output().unwrap().stderr;
        assert_eq!(stderr.contains(&0x1b), coloured, "{arguments}: {}", String::from_utf8_lossy(&stderr));
    }
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let desk = Desk::new();
    let mut command = desk.command("completions bash");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
