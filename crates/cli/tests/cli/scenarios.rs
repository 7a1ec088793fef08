//! `scenario` and `why`.

use std::fs;

use crate::desk::Desk;

/// A person who has only the error text finds the scenario in one command.
#[test]
fn why() {
    let mut desk = Desk::new();
    for code in [
        "0x19",
        "NTE_EXISTS",
        "0x8009000f",
        "InvalidStateError",
        "5225",
        "already registered",
        "Passkey not registered",
        "This Windows device",
        "0x801C03ED",
        "NTE_EXIST",
        "quux",
        "-2146893807",
        "Error 0x8009000f",
        "pin-lockout --json",
    ] {
        desk.show(&format!("why {code}"));
    }
    insta::assert_snapshot!(desk.transcript());
}

#[test]
fn scenarios_are_listed_shown_checked_and_run() {
    let mut desk = Desk::new();
    desk.write("typo.toml", "title = \"x\"\n\n[device]\nwhfb-polcy = true\n[[account]]\nname = \"ada\"\n[[step]]\ndo = \"restart\"\n");
    desk.write(
        "impossible.toml",
        "title = \"x\"\n\n[device]\nwhfb-policy = true\n\n[[account]]\nname = \"ada\"\n\n[[step]]\ndo = \"restart\"\n",
    );
    desk.write(
        "unmet.toml",
        "title = \"No PIN\"\n[[account]]\nname = \"ada\"\n[[step]]\ndo = \"ask-availability\"\n[step.expect]\nrp = \"true\"\ncause = \"\"\n",
    );
    desk.show("scenario list");
    desk.show("scenario show no-pin");
    desk.show("scenario run no-pin");
    desk.show("scenario check no-pin");
    desk.show("scenario check typo.toml");
    desk.show("scenario run impossible.toml");
    desk.show("scenario run ./unmet.toml");
    desk.show("scenario run ./unmet.toml --json");
    desk.show("scenario run no-pni");
    desk.show("scenario run nowhere.toml");
    desk.show("scenario run no-pin --report report.txt");
    desk.show("scenario run --all");
    insta::assert_snapshot!(desk.transcript());

    let list = desk.run("scenario list --json").ok().json();
    assert!(
        list["scenarios"]
            .as_array()
            .unwrap()
            .iter()
            .any(|scenario| scenario["name"] == "whfb-conflict-retry")
    );
    let all = desk.run("scenario run --all --json").ok().json();
    assert!(all["scenarios"].as_array().unwrap().iter().all(|scenario| scenario["met"] == true));
    let schema = desk.run("scenario schema").ok().json();
    assert!(schema["properties"]["step"].is_object());
    assert!(!desk.path().join("data").exists(), "no data directory is needed");
}

/// The same seed gives the same report byte for byte, and what is exported leads back.
#[test]
fn reports_and_logs() {
    let desk = Desk::new();
    for kind in ["html", "md", "json"] {
        let mut reports = [1, 2].map(|number| {
            let file = format!("{number}.{kind}");
            desk.run(&format!("scenario run whfb-conflict-retry --seed 0102 --report {file}")).ok();
            fs::read_to_string(desk.path().join(file)).unwrap()
        });
        assert!(reports[0].contains("already registered"), "{kind}");
        assert_eq!(reports[0], reports[1], "{kind}");
        reports[0].clear();
    }
    desk.run("scenario run no-pin --logs logs").ok();
    desk.run("scenario run remote-desktop --logs logs").ok();
    let logs = desk.path().join("logs");
    for (file, scenario) in [
        ("Microsoft-Windows-HelloForBusiness%4Operational.xml", "remote-desktop"),
        ("Microsoft-Windows-User Device Registration%4Admin.xml", "remote-desktop"),
        ("events.json", "remote-desktop"),
        ("audit.json", ""),
    ] {
        fs::copy(logs.join(file), desk.path().join("export")).unwrap();
        let likely = desk.run("why --events export --json").ok().json();
        let first = &likely["likely"][0];
        assert!(scenario.is_empty() || first["scenario"] == scenario, "{file}: {likely}");
        assert!(first["cause"].is_string(), "{file}: {likely}");
    }
    // Without a scenario each error is explained, in whatever encoding Windows' tools write.
    let one = "<Event><System><Provider Name='Microsoft-Windows-HelloForBusiness'/><EventID>7045</EventID></System></Event>";
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(one.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    fs::write(desk.path().join("utf16.xml"), utf16).unwrap();
    let explained = desk.run("why --events utf16.xml --json").ok().json();
    assert_eq!(explained["errors"][0]["code"], "event 7045");
    desk.run("scenario run aaguid-removed-later --logs deep/er/logs").ok();
    let likely = desk.run("why --events deep/er/logs/sign-ins.json --json").ok().json();
    // Its two entries could also be those of a user who was excluded.
    let first: Vec<_> = (0..2).map(|number| &likely["likely"][number]["cause"]).collect();
    assert!(first.contains(&&"aaguid-removed".into()), "{likely}");
    for (name, text, part) in [
        ("empty.xml", "<Events></Events>", "no event"),
        ("nothing.json", "{\"value\": []}", "nothing was logged"),
        ("broken.xml", "<Events><Event>", "no event"),
        ("other.json", "[{\"a\": 1}]", "none of its entries"),
        ("broken.json", "[", "EOF"),
    ] {
        desk.write(name, text);
        desk.run(&format!("why --events {name}")).is_error(2, &[name, part]);
    }
    desk.run("why").is_error(2, &["required"]);
}
