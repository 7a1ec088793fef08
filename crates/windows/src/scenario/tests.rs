use super::*;

/// A scenario that can be run, with these lines in it.
fn with(device: &str, account: &str, tenant: &str, step: &str) -> String {
    format!(
        "title = \"A scenario\"\n\n[device]\n{device}\n\n[[account]]\nname = \"ada\"\n{account}\n\n{tenant}\n\n[[step]]\n{step}\n"
    )
}

const UPN: &str = "upn = \"ada@contoso.example\"";

#[test]
fn what_can_be_is_taken() {
    for (name, text) in [
        ("an unmanaged computer", with("", "", "", "do = \"restart\"")),
        ("a tenant", with("", UPN, "[tenant]", "do = { register = {} }")),
        (
            "a joined computer",
            with(
                "join = \"entra-joined\"",
                "kind = \"entra\"\nupn = \"a@b.c\"",
                "[tenant]",
                "do = \"provision-whfb\"",
            ),
        ),
        (
            "ten profiles",
            with(
                "",
                UPN,
                &format!(
                    "[tenant.policy]\nprofiles = [{}]",
                    (0..10).map(|n| format!("{{ name = \"p{n}\" }}")).collect::<Vec<_>>().join(", ")
                ),
                "do = \"use-mfa\"",
            ),
        ),
    ] {
        assert!(Scenario::from_toml(&text).is_ok(), "{name}: {:?}", Scenario::from_toml(&text).err());
    }
}

/// Each with the line and a hint.
#[test]
fn what_cannot_be_is_refused() {
    let mut out = String::new();
    let register = "do = { register = {} }";
    let expect = |lines: &str| with("", UPN, "[tenant]", &format!("{register}\n[step.expect]\n{lines}"));
    for (name, text) in [
        ("not TOML", "title = ".to_owned()),
        ("an unknown key", with("colour = \"blue\"", "", "", "do = \"restart\"")),
        ("an unknown key of a step", with("", "", "", "do = \"restart\"\nwhen = \"now\"")),
        ("an unknown key of an action", with("", UPN, "[tenant]", "do = { register = { pin = \"1\" } }")),
        ("an unknown action", with("", "", "", "do = \"reboot\"")),
        ("an unknown Windows", with("windows = \"12\"", "", "", "do = \"restart\"")),
        ("WHfB on an unmanaged computer", with("whfb-policy = true", "", "", "do = \"restart\"")),
        (
            "WHfB is provisioned on an unmanaged computer",
            with("", UPN, "[tenant]", "do = \"provision-whfb\""),
        ),
        (
            "a work account on an unmanaged computer",
            with("", "kind = \"entra\"\nupn = \"a@b.c\"", "[tenant]", "do = \"restart\""),
        ),
        (
            "a work account on a registered computer",
            with(
                "join = \"entra-registered\"",
                "kind = \"entra\"\nupn = \"a@b.c\"",
                "[tenant]",
                "do = \"restart\"",
            ),
        ),
        (
            "a work account of nobody",
            with("join = \"entra-joined\"", "kind = \"entra\"", "[tenant]", "do = \"restart\""),
        ),
        ("a user without a tenant", with("", UPN, "", "do = \"restart\"")),
        ("a step without its tenant", with("", "", "", register)),
        ("a step without its user", with("", "", "[tenant]", register)),
        (
            "an account that is not there",
            with("", UPN, "[tenant]", &format!("account = \"adda\"\n{register}")),
        ),
        (
            "a user who is not there",
            with("", UPN, "[tenant]", "do = { register = { user = \"adda@contoso.example\" } }"),
        ),
        ("an account that is there twice", with("", "[[account]]\nname = \"ADA\"", "", "do = \"restart\"")),
        ("an API that Windows never had", with("windows = \"11-24h2\"\napi = 3", "", "", "do = \"restart\"")),
        ("an API that is not known", with("api = 10", "", "", "do = \"restart\"")),
        (
            "four profiles in the preview",
            with(
                "",
                UPN,
                "[tenant.policy]\nera = \"preview\"\nprofiles = [{ name = \"a\" }, { name = \"b\" }, { name = \"c\" }, { name = \"d\" }]",
                "do = \"use-mfa\"",
            ),
        ),
        (
            "synced and attested",
            with(
                "",
                UPN,
                "[tenant.policy]\nprofiles = [{ synced = true, attestation-enforced = true }]",
                "do = \"use-mfa\"",
            ),
        ),
        (
            "allowed and blocked",
            with("", UPN, "[tenant.policy]\nprofiles = [{ allow = [], block = [] }]", "do = \"use-mfa\""),
        ),
        (
            "no AAGUID",
            with("", UPN, "[tenant.policy]\nprofiles = [{ allow = [\"hello\"] }]", "do = \"use-mfa\""),
        ),
        ("no Graph", with("", UPN, "[tenant.policy]\ngraph = \"{}\"", "do = \"use-mfa\"")),
        (
            "Graph and more",
            with("", UPN, "[tenant.policy]\nenabled = false\ngraph = \"{}\"", "do = \"use-mfa\""),
        ),
        ("another era on the way", with("", UPN, "[tenant]", "do = { save-policy = { era = \"preview\" } }")),
        (
            "a day outside the era",
            format!(
                "starts = \"2026-06-01T09:00:00Z\"\n{}",
                with("", UPN, "[tenant.policy]\nera = \"preview\"", "do = \"use-mfa\"")
            ),
        ),
        ("no day", format!("starts = \"soon\"\n{}", with("", "", "", "do = \"restart\""))),
        (
            "Windows before its time",
            format!(
                "starts = \"2022-01-01T00:00:00Z\"\n{}",
                with("windows = \"11-22h2\"", "", "", "do = \"restart\"")
            ),
        ),
        (
            "the newest Windows before its time",
            format!("starts = \"2022-01-01T00:00:00Z\"\n{}", with("", "", "", "do = \"restart\"")),
        ),
        (
            "a passkey before the preview",
            format!("starts = \"2025-12-01T00:00:00Z\"\n{}", with("", UPN, "[tenant]", register)),
        ),
        ("an action without its table", with("", UPN, "[tenant]", "do = \"register\"")),
        ("two actions", with("", UPN, "[tenant]", "do = { register = {}, sign-in = {} }")),
        (
            "one account in single brackets",
            "title = \"x\"\n[account]\nname = \"ada\"\n[[step]]\ndo = \"restart\"".to_owned(),
        ),
        (
            "a name that is none",
            with("upn", "", "", "")
                .replace("upn", "")
                .replace("\"ada\"", "\"a da\"")
                .replace("[[step]]\n\n", "[[step]]\ndo = \"restart\"\n"),
        ),
        ("a control character", with("name = \"\\u001b[31m\"", "", "", "do = \"restart\"")),
        (
            "a user who is there twice",
            with("", UPN, "[[tenant.user]]\nupn = \"ADA@contoso.example\"", "do = \"restart\""),
        ),
        ("no domain", with("", "", "", "do = { register-at = { rp-id = \"not a domain\" } }")),
        (
            "the tenant's own RP ID",
            with("", UPN, "[tenant]", "do = { register-at = { rp-id = \"login.microsoft.com\" } }"),
        ),
        (
            "a failure that is none",
            with("", "", "", "do = { register-at = { rp-id = \"a.example\", fails-with = \"S_OK\" } }"),
        ),
        (
            "a PIN that no authenticator keeps",
            with("", "", "", &format!("do = {{ set-up-hello = \"{}\" }}", "12".repeat(40))),
        ),
        (
            "an era that is not spelled",
            format!("starts = \"2026-02-15T09:00:00Z\"\n{}", with("", UPN, "[tenant]", "do = \"use-mfa\"")),
        ),
        (
            "an era before the preview",
            format!(
                "starts = \"2025-12-01T09:00:00Z\"\n{}",
                with("", UPN, "[tenant.policy]\nera = \"preview\"", "do = \"use-mfa\"")
            ),
        ),
        (
            "a status where no ceremony runs",
            with("", "", "", "do = \"restart\"\n[step.expect]\nctap = \"CTAP2_OK\""),
        ),
        (
            "a tenant's log without one",
            with("", "", "", "do = \"restart\"\n[step.expect]\naudit = [\"User registered security info\"]"),
        ),
        ("success that fails", expect("rp = \"added\"\nhresult = \"NTE_EXISTS\"")),
        ("too much", with("", "", "", "do = { fill = 1000 }\ntimes = 1000")),
        ("too often", with("", "", "", "do = \"restart\"\ntimes = 100000")),
        ("too long", with("", "", "", "do = { wait = 1000000 }")),
        (
            "an algorithm that Hello does not have",
            with("", "", "", "do = { register-at = { rp-id = \"a.example\", algorithms = [-8] } }"),
        ),
        ("an unknown status", expect("ctap = \"CTAP2_ERR_CREDENTIAL_EXLUDED\"")),
        ("an unknown result", expect("hresult = \"NTE_EXIST\"")),
        ("an unknown exception", expect("exceptions = { Chromium = \"InvalidStateErr\" }")),
        ("an unknown cause", expect("cause = \"whfb-conflct\"")),
        ("an unknown event", expect("log = [5225, 4711]")),
        ("an unknown field", expect("events = { 1041 = { Flag = \"0x45\" } }")),
        ("an unknown activity", expect("audit = [\"Add Passkey\"]")),
        (
            "a status that is another result",
            expect("ctap = \"CTAP2_ERR_CREDENTIAL_EXCLUDED\"\nhresult = \"NTE_NOT_FOUND\""),
        ),
        (
            "a result that is another exception",
            expect(
                "hresult = \"NTE_EXISTS\"\nexceptions = { Chromium = \"NotAllowedError\", Firefox = \"InvalidStateError\" }",
            ),
        ),
        (
            "success that throws",
            expect("ctap = \"CTAP2_OK\"\nexceptions = { Chromium = \"NotAllowedError\" }"),
        ),
        ("success with a cause", expect("rp = \"added\"\ncause = \"whfb-conflict\"")),
        (
            "an authenticator that is not reached",
            with(
                "session = \"remote\"",
                UPN,
                "[tenant]",
                &format!("{register}\n[step.expect]\nctap = \"CTAP2_OK\""),
            ),
        ),
        (
            "a log of private mode",
            with(
                "",
                UPN,
                "[tenant]",
                &format!(
                    "do = {{ private-mode = true }}\n\n[[step]]\n{register}\n[step.expect]\nlog = [1020]"
                ),
            ),
        ),
        ("nothing happens", "title = \"x\"\nstep = []\n[[account]]\nname = \"ada\"".to_owned()),
    ] {
        let error = Scenario::from_toml(&text).expect_err(name);
        let line = error.line.map_or_else(|| "–".to_owned(), |line| line.to_string());
        out.push_str(&format!("{name}\n  line {line}: {}\n  hint: {}\n", error.reason, error.hint));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn a_file_that_is_too_long_is_not_read() {
    let error = Scenario::from_toml(&"#".repeat(Scenario::MAX_SIZE + 1)).expect_err("too long");
    assert!(error.reason.contains("bytes"), "{error}");
}

/// As it is published, for editors. `INSTA_UPDATE` does not touch it: `softhello scenario schema` writes it.
#[test]
fn the_schema_is_the_published_one() {
    let published: serde_json::Value =
        serde_json::from_str(include_str!("../../../../docs/scenario.schema.json")).expect("JSON");
    assert_eq!(published, schema(), "run `softhello scenario schema > docs/scenario.schema.json`");
}

/// What the reader refuses as unknown, the schema refuses too, and the built-in scenarios fit.
#[test]
fn the_schema_takes_what_the_reader_takes() {
    let validator = jsonschema::validator_for(&schema()).expect("a schema");
    let json =
        |text: &str| serde_json::to_value(toml::from_str::<toml::Value>(text).expect("TOML")).expect("JSON");
    for (name, text) in built_in::ALL {
        let errors: Vec<String> = validator.iter_errors(&json(text)).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
    for text in [
        with("colour = \"blue\"", "", "", "do = \"restart\""),
        with("", "", "", "do = \"reboot\""),
        with("", UPN, "[tenant]", "do = { register = { pin = \"1\" } }"),
        with("", "", "", "do = \"restart\"\n[step.expect]\ncause = \"whfb-conflct\""),
    ] {
        assert!(Scenario::from_toml(&text).is_err() && !validator.is_valid(&json(&text)), "{text}");
    }
}

#[test]
fn reports() {
    let text = built_in::text("whfb-conflict-retry").expect("built in");
    let scenario = Scenario::from_toml(text).expect("built in");
    let run = pollster::block_on(run("whfb-conflict-retry", &scenario, b"reports")).expect("built in");
    insta::assert_snapshot!("text", to_text(&run));
    insta::assert_snapshot!("markdown", to_markdown(&run));
    insta::assert_snapshot!("html", to_html(&run));
    let events: Vec<_> = run.steps.iter().flat_map(|step| step.outcome.log.iter().cloned()).collect();
    insta::assert_snapshot!("events", crate::logs::to_xml(&events, &run.computer));
    insta::assert_snapshot!("json", format!("{:#}", to_json(&run)));
}

/// A file may be anybody's, and a report is opened in a browser.
#[test]
fn nothing_in_a_report_is_markup() {
    let text = "title = \"<script>alert(1)</script>\"\nsources = [\"<b>\"]\nassumed = [\"<i>\"]\n\
                [device]\nname = \"<img src=x>\"\n[[account]]\nname = \"ada\"\n[[step]]\ndo = \"restart\"\n[step.expect]\nsees = [\"<u>\"]\n";
    let scenario = Scenario::from_toml(text).expect("a scenario");
    let run = pollster::block_on(run("<a>", &scenario, b"markup")).expect("it runs");
    assert!(!run.is_met());
    let html = to_html(&run);
    for tag in ["<script", "<b>alert", "<i>", "<img", "<u>", "<a>"] {
        assert!(!html.contains(tag), "{tag} in {html}");
    }
    let markdown = to_markdown(&run);
    assert!(markdown.contains("# \\<script\\>"), "{markdown}");
}
