//! Where the model's facts come from. Causes, facts and built-in scenarios name these keys.

/// A key and what it stands for.
pub const SOURCES: &[(&str, &str)] = &[
    (
        "E1-pre",
        "Microsoft Learn, Microsoft Entra passkeys on Windows, preview of early 2026 (MicrosoftDocs/entra-docs)",
    ),
    ("E1-ga", "Microsoft Learn, Microsoft Entra passkeys on Windows, revision at general availability"),
    ("E1", "Microsoft Learn, Microsoft Entra passkeys on Windows (2026-07-06)"),
    ("E2", "Microsoft Learn, Enable passkeys (FIDO2) for your organization (2026-03-08)"),
    ("E3", "Microsoft Learn, Microsoft Entra ID attestation for FIDO2 security key vendors (2026-10-06)"),
    ("E5", "Microsoft Entra, What's new: ten passkey profiles"),
    ("MC1", "Message center MC1247893, as quoted at michaelvink.com and blog.minerva-ia.com"),
    ("MC2", "Message center MC1282568, as kept at mc.merill.net"),
    ("S", "samuraj-cz.com, FIDO passkeys part 6, Registering Entra passkeys in Windows Hello"),
    ("K", "A knowledge-base post of 2025-07-04 that quotes the message"),
    ("G1", "Microsoft Graph v1.0, fido2AuthenticationMethod: creationOptions"),
    ("G2", "Microsoft Graph, fido2AuthenticationMethodConfiguration and passkeyProfile"),
    ("G4", "MichaelGrafnetter/webauthn-interop, a recorded reply of Microsoft Graph"),
    ("D", "MichaelGrafnetter/webauthn-interop, WebAuthnEventId.cs and CHANGELOG"),
    ("W1", "Microsoft, How Windows Hello for Business works"),
    ("W2", "Microsoft, Windows Hello for Business frequently asked questions"),
    ("W3", "Microsoft, WebAuthn APIs for passwordless authentication on Windows"),
    ("W4", "Microsoft, Windows Hello for Business policy: use a hardware security device"),
    ("W5", "Microsoft, Windows Hello for Business policy: PIN length and characters"),
    ("W7", "Microsoft, PIN reset"),
    ("W8", "Microsoft, Support for passkeys in Windows"),
    ("W9", "Microsoft, How Windows Hello for Business provisioning works"),
    ("W10", "Microsoft, Windows Hello errors during PIN creation"),
    ("H", "microsoft/webauthn, webauthn.h"),
    ("C1", "Chromium, device/fido/win/webauthn_api.cc"),
    ("C2", "Chromium, device/fido/win/type_conversions.cc"),
    ("C3", "Chromium, device/fido/win/authenticator.cc"),
    ("F", "Mozilla, dom/webauthn/WinWebAuthnService.cpp"),
    ("M", "FIDO Metadata Service, the three authenticators of Windows Hello"),
    ("V", "Recorded registrations under the AAGUIDs of Windows Hello (vectors/)"),
    ("I1", "webauthn-open-source/fido2-lib issue 18"),
    ("I5", "Yubico/python-fido2 issue 123"),
    ("B2", "bitwarden/clients issue 23357"),
    ("EV1", "The manifest of Microsoft-Windows-HelloForBusiness (scheatkode/brain)"),
    ("EV2", "The manifest of Microsoft-Windows-User Device Registration (scheatkode/brain)"),
    ("EV3", "The manifest of Microsoft-Windows-WebAuthN (scheatkode/brain)"),
    ("X2", "A published log of a provisioning, July 2026"),
    ("X3", "Published monitors of provisioning"),
    ("X4", "maweeras.page, 2024-01-11: private mode leaves no log"),
    ("X5", "Entra PowerShell, an example of Get-EntraBetaAuditDirectoryLog"),
    ("R1", "Microsoft Learn, Configure WebAuthn redirection over the Remote Desktop Protocol"),
];

/// What a key stands for.
pub fn source(key: &str) -> Option<&'static str> {
    SOURCES.iter().find(|(known, _)| *known == key).map(|(_, title)| *title)
}
