use std::collections::BTreeSet;

use super::*;

fn hello() -> Presented {
    Presented { aaguid: HELLO_AAGUIDS[2], synced: false, attested: false }
}

fn policy(era: Era, profiles: Vec<PasskeyProfile>) -> PasskeyPolicy {
    let target =
        Target { group: Group::AllUsers, profiles: profiles.iter().map(|profile| profile.id).collect() };
    PasskeyPolicy { enabled: true, self_service: true, era, include: vec![target], exclude: vec![], profiles }
}

fn listing(enforcement: Enforcement, aaguids: &[Uuid]) -> PasskeyProfile {
    let aaguids: BTreeSet<Uuid> = aaguids.iter().copied().collect();
    PasskeyProfile {
        key_restrictions: Some(KeyRestrictions { enforcement, aaguids }),
        ..PasskeyProfile::default_profile()
    }
}

/// Whether the policy lets Windows Hello register, and sign in.
fn verdicts(policy: &PasskeyPolicy, passkey: Presented) -> (Result<(), Vec<Unmet>>, Result<(), Vec<Unmet>>) {
    let profiles = policy.profiles_of(&[]).expect("profiles");
    let unmet = |refusal: Refusal| refusal.0.into_iter().map(|(_, unmet)| unmet).collect();
    (
        policy.registers(&profiles, passkey).map(drop).map_err(unmet),
        policy.signs_in(&profiles, passkey.aaguid).map(drop).map_err(unmet),
    )
}

#[test]
fn windows_hello_in_each_era() {
    let aaguid = hello().aaguid;
    let plain = PasskeyProfile::default_profile;
    let other = uuid!("ee882879-721c-4913-9775-3dfcce97072a");
    for (name, profile, ga, others) in [
        ("no restrictions", plain(), Ok(()), Err(vec![Unmet::NotExplicit(aaguid)])),
        ("allowed by name", listing(Enforcement::Allow, &HELLO_AAGUIDS), Ok(()), Ok(())),
        (
            "another one is allowed",
            listing(Enforcement::Allow, &[other]),
            Err(vec![Unmet::NotAllowed(aaguid)]),
            Err(vec![Unmet::NotAllowed(aaguid)]),
        ),
        (
            "blocked",
            listing(Enforcement::Block, &HELLO_AAGUIDS),
            Err(vec![Unmet::Blocked(aaguid)]),
            Err(vec![Unmet::Blocked(aaguid)]),
        ),
        (
            "another one is blocked",
            listing(Enforcement::Block, &[other]),
            Ok(()),
            Err(vec![Unmet::NotExplicit(aaguid)]),
        ),
    ] {
        for (era, want) in [(Era::Ga, &ga), (Era::Preview, &others), (Era::Learn202607, &others)] {
            assert_eq!(&verdicts(&policy(era, vec![profile.clone()]), hello()).0, want, "{name}, {era:?}");
        }
    }
}

#[test]
fn restrictions_hold_at_sign_in_and_attestation_does_not() {
    let enforced = PasskeyProfile { attestation_enforced: true, ..PasskeyProfile::default_profile() };
    let (registers, signs_in) = verdicts(&policy(Era::Ga, vec![enforced]), hello());
    assert_eq!((registers, signs_in), (Err(vec![Unmet::Attestation]), Ok(())));
    let blocked = listing(Enforcement::Block, &HELLO_AAGUIDS);
    let (_, signs_in) = verdicts(&policy(Era::Ga, vec![blocked]), hello());
    assert_eq!(signs_in, Err(vec![Unmet::Blocked(hello().aaguid)]));
}

#[test]
fn one_profile_has_to_be_satisfied_fully() {
    let synced = PasskeyProfile { device_bound: false, synced: true, ..PasskeyProfile::default_profile() };
    let keys = PasskeyProfile {
        id: Uuid::from_u128(2),
        name: "keys".to_owned(),
        ..listing(Enforcement::Allow, &[Uuid::from_u128(9)])
    };
    let any = PasskeyProfile {
        id: Uuid::from_u128(3),
        name: "any".to_owned(),
        ..PasskeyProfile::default_profile()
    };
    let two = policy(Era::Ga, vec![synced.clone(), keys.clone()]);
    // Each lacks something, although together they lack nothing.
    let want = vec![Unmet::Type { synced: false }, Unmet::NotAllowed(hello().aaguid)];
    assert_eq!(verdicts(&two, hello()).0, Err(want));
    let three = policy(Era::Ga, vec![synced, keys, any]);
    let profiles = three.profiles_of(&[]).expect("profiles");
    assert_eq!(three.registers(&profiles, hello()).map(|profile| profile.name.as_str()), Ok("any"));
}

#[test]
fn who_is_offered_passkeys() {
    let group = |name: &str| Group::Named(name.to_owned());
    let base = policy(Era::Ga, vec![PasskeyProfile::default_profile()]);
    let to_staff = Target { group: group("staff"), profiles: vec![PasskeyProfile::DEFAULT_ID] };
    let staff = PasskeyPolicy { include: vec![to_staff], ..base.clone() };
    for (name, policy, groups, want) in [
        ("everybody", base.clone(), &[][..], None),
        ("disabled", PasskeyPolicy { enabled: false, ..base.clone() }, &[], Some(NotOffered::Disabled)),
        (
            "no self-service",
            PasskeyPolicy { self_service: false, ..base.clone() },
            &[],
            Some(NotOffered::SelfServiceOff),
        ),
        ("not a member", staff.clone(), &["guests"], Some(NotOffered::NotTargeted)),
        ("a member", staff.clone(), &["staff"], None),
        (
            "excluded beats included",
            PasskeyPolicy { exclude: vec![group("leavers")], ..staff },
            &["staff", "leavers"],
            Some(NotOffered::Excluded(group("leavers"))),
        ),
    ] {
        let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        assert_eq!(policy.offered_to(&groups).err(), want, "{name}");
    }
}

#[test]
fn policies_that_cannot_be() {
    let numbered = |number: u128| PasskeyProfile {
        id: Uuid::from_u128(number),
        name: format!("profile {number}"),
        ..PasskeyProfile::default_profile()
    };
    let first = PasskeyProfile::default_profile;
    for (name, policy, want) in [
        ("four in the preview", policy(Era::Preview, (1..=4).map(numbered).collect()), "at most 3"),
        ("eleven", policy(Era::Ga, (1..=11).map(numbered).collect()), "at most 10"),
        ("no default", policy(Era::Ga, vec![numbered(2)]), "cannot be deleted"),
        ("twins", policy(Era::Ga, vec![first(), first()]), "two profiles"),
        (
            "for no passkeys",
            policy(Era::Ga, vec![PasskeyProfile { device_bound: false, ..first() }]),
            "allows no passkeys",
        ),
        (
            "attested and synced",
            policy(Era::Ga, vec![PasskeyProfile { attestation_enforced: true, synced: true, ..first() }]),
            "excludes synced",
        ),
        (
            "a profile that is not there",
            PasskeyPolicy {
                include: vec![Target { group: Group::AllUsers, profiles: vec![Uuid::from_u128(7)] }],
                ..policy(Era::Ga, vec![first()])
            },
            "does not exist",
        ),
        (
            "assigned nothing",
            PasskeyPolicy {
                include: vec![Target { group: Group::AllUsers, profiles: vec![] }],
                ..policy(Era::Ga, vec![first()])
            },
            "no profile is assigned",
        ),
    ] {
        let error = policy.check().expect_err(name).to_string();
        assert!(error.contains(want), "{name}: {error}");
    }
    assert_eq!(policy(Era::Ga, (1..=10).map(numbered).collect()).check(), Ok(()));
}

#[test]
fn graph_and_back() {
    let json = r##"{
        "@odata.context": "https://graph.microsoft.com/beta/$metadata#authenticationMethodConfigurations/$entity",
        "@odata.type": "#microsoft.graph.fido2AuthenticationMethodConfiguration",
        "id": "Fido2", "state": "enabled",
        "isSelfServiceRegistrationAllowed": true, "isAttestationEnforced": false,
        "excludeTargets": [{"targetType": "group", "id": "leavers"}],
        "keyRestrictions": {"isEnforced": false, "enforcementType": "block", "aaGuids": []},
        "defaultPasskeyProfile": "00000000-0000-0000-0000-000000000001",
        "passkeyProfiles": [{
            "id": "00000000-0000-0000-0000-000000000001", "name": "Default passkey profile",
            "passkeyTypes": "deviceBound,synced", "attestationEnforcement": "disabled",
            "keyRestrictions": {"isEnforced": true, "enforcementType": "allow",
                "aaGuids": ["6028b017-b1d4-4c02-b4b3-afcdafc96bb2"]}
        }],
        "includeTargets": [{"targetType": "group", "id": "all_users", "isRegistrationRequired": false,
            "allowedPasskeyProfiles": ["00000000-0000-0000-0000-000000000001"]}]
    }"##;
    let read = PasskeyPolicy::from_graph(json, Era::Ga).expect("a policy");
    assert_eq!(read.exclude, [Group::Named("leavers".to_owned())]);
    assert_eq!((read.profiles[0].device_bound, read.profiles[0].synced), (true, true));
    assert_eq!(PasskeyPolicy::from_graph(&read.to_graph(), Era::Ga), Ok(read));
    // Before there were profiles.
    let old = r#"{"id": "Fido2", "state": "enabled", "isSelfServiceRegistrationAllowed": true,
        "isAttestationEnforced": true,
        "keyRestrictions": {"isEnforced": true, "enforcementType": "block", "aaGuids": []},
        "includeTargets": [{"targetType": "group", "id": "all_users", "isRegistrationRequired": false}]}"#;
    let old = PasskeyPolicy::from_graph(old, Era::Ga).expect("a policy");
    assert!(old.profiles[0].attestation_enforced);
    assert_eq!(old.include[0].profiles, [PasskeyProfile::DEFAULT_ID]);
    for (name, json, want) in [
        ("no JSON", "{".to_owned(), "EOF"),
        (
            "another method",
            r#"{"id":"Sms","state":"enabled","isSelfServiceRegistrationAllowed":true}"#.to_owned(),
            "`Sms`",
        ),
        ("too long", " ".repeat(PasskeyPolicy::MAX_SIZE + 1), "more than"),
        ("an unknown type", json.replace("deviceBound,synced", "paper"), "`paper`"),
    ] {
        let error = PasskeyPolicy::from_graph(&json, Era::Ga).expect_err(name).to_string();
        assert!(error.contains(want), "{name}: {error}");
    }
}
