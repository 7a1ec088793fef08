use super::*;

fn logs() -> Logs {
    let mut logs = Logs::default();
    let time = Timestamp(1_783_072_800_123);
    logs.write(time, &catalogue::CONTAINER_STARTED, &[]);
    logs.write(time, &catalogue::KEY_CREATED, &["software", "0x0"]);
    logs.write(time, &catalogue::NGC_MAKE_FAILED, &["{1}", "0x8009000F", "Object already exists & <more>"]);
    logs
}

#[test]
fn messages_have_their_fields() {
    let logs = logs();
    let messages: Vec<String> = logs.events().iter().map(Event::message).collect();
    assert_eq!(messages[1], "Creating a software Windows Hello key with result 0x0.");
    assert_eq!(
        messages[2],
        "WebAuthN Ngc MakeCredential completed. TransactionId: {1} Error: 0x8009000F. Object already exists & <more>"
    );
    let records: Vec<u64> = logs.events().iter().map(|event| event.record).collect();
    assert_eq!(records, [1, 2, 1], "each channel counts for itself");
}

/// Every place in a message is a field, and every field has a place.
#[test]
fn the_catalogue_is_sound() {
    let mut seen = Vec::new();
    for entry in catalogue::ALL {
        assert!(!seen.contains(&(entry.channel, entry.id)), "{entry:?} is there twice");
        seen.push((entry.channel, entry.id));
        for number in 1..=9 {
            let is_placed = entry.message.contains(&format!("%{number}"));
            assert_eq!(is_placed, number <= entry.fields.len(), "{} %{number}", entry.id);
        }
    }
}

#[test]
fn exports_read_back() {
    let logs = logs();
    let xml = to_xml(logs.events(), "DESKTOP-ADA");
    let read = read_xml(&xml).expect("what was written");
    assert_eq!(read.len(), 3);
    assert_eq!((read[1].id, read[1].known_channel()), (5225, Some(Channel::HelloForBusiness)));
    let fields: Vec<(&str, &str)> =
        read[2].fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let want =
        [("TransactionId", "{1}"), ("Error", "0x8009000F"), ("HResult", "Object already exists & <more>")];
    assert_eq!(fields, want);
    let json = to_json(logs.events());
    assert_eq!(json[1]["data"]["KeyType"], "software");
    assert_eq!(json[1]["time"], "2026-07-03T10:00:00.124Z", "one after the other");
    let empty = "<Event><System><EventID>1022</EventID></System><EventData><Data Name='A'/><Data><![CDATA[b]]></Data></EventData></Event>";
    assert_eq!(
        read_xml(empty).expect("an event")[0].fields,
        [("A".to_owned(), String::new()), (String::new(), "b".to_owned())]
    );
    // The newest first, as some tools write it.
    let at = |second: u8, id: u16| {
        format!(
            "<Event><System><EventID>{id}</EventID><TimeCreated SystemTime='2026-07-03T10:00:0{second}Z'/></System></Event>"
        )
    };
    let newest_first = format!("<Events>{}{}{}</Events>", at(3, 1022), at(1, 1020), at(1, 1000));
    let ids: Vec<u16> = read_xml(&newest_first).expect("events").iter().map(|event| event.id).collect();
    assert_eq!(ids, [1000, 1020, 1022]);
    // One event alone, as `wevtutil` prints it, and a provider without a channel.
    let one = "<Event><System><Provider Name='Microsoft-Windows-WebAuthN'/><EventID>1022</EventID></System></Event>";
    assert_eq!(read_xml(one).expect("an event")[0].known_channel(), Some(Channel::WebAuthN));
    for (name, xml, want) in [
        ("no XML", "<Event><System>", "no event"),
        ("a wrong end", "<a></b>", "no XML"),
        ("nothing", "", "no event"),
        ("too deep", &"<a>".repeat(65), "within each other"),
        ("an unknown reference", "<Event><System>&bomb;</System></Event>", "no XML"),
    ] {
        let error = read_xml(xml).expect_err(name).to_string();
        assert!(error.contains(want), "{name}: {error}");
    }
}
