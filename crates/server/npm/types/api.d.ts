// Made from crates/server/openapi.json by `npm run types`.

export interface paths {
    "/api/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the devices */
        get: operations["devices_list"];
        put?: never;
        /**
         * Makes a device
         * @description It is in memory unless `ephemeral` is false, and sees nothing of the others.
         */
        post: operations["devices_add"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{device}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Describes one device */
        get: operations["devices_describe"];
        put?: never;
        post?: never;
        /** Removes a device with everything that it has */
        delete: operations["devices_remove"];
        options?: never;
        head?: never;
        /** Signs another account in, or replaces the user */
        patch: operations["devices_change"];
        trace?: never;
    };
    "/api/devices/{device}/accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the accounts of a device */
        get: operations["accounts_list"];
        put?: never;
        /** Adds an account, with Hello set up unless `pin` is false */
        post: operations["accounts_add"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{device}/accounts/{account}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes an account with everything that it has */
        delete: operations["accounts_remove"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{device}/accounts/{account}/container": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Describes the container */
        get: operations["accounts_container"];
        put?: never;
        post?: never;
        /** Deletes the container with everything in it */
        delete: operations["accounts_delete_container"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{device}/accounts/{account}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gives the passkeys with their private keys */
        get: operations["passkeys_export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{device}/accounts/{account}/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes passkeys from such a document; those of the same RP and user are replaced */
        post: operations["passkeys_import"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{device}/accounts/{account}/passkeys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the passkeys */
        get: operations["passkeys_passkeys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{device}/accounts/{account}/passkeys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Deletes a passkey */
        delete: operations["passkeys_delete_passkey"];
        options?: never;
        head?: never;
        /** Changes the backup flags or the counter of a passkey */
        patch: operations["passkeys_change_passkey"];
        trace?: never;
    };
    "/api/devices/{device}/accounts/{account}/pin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Sets the PIN, and ends a lockout */
        put: operations["accounts_set_pin"];
        post?: never;
        /** Clears the PIN, so that Hello cannot be used */
        delete: operations["accounts_clear_pin"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{device}/accounts/{account}/whfb": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Puts the Windows Hello for Business key of an Entra user into the container */
        post: operations["accounts_provision_whfb"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{device}/accounts/{account}/whfb/{upn}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes the method in the tenant, as an administrator does; its key stays */
        delete: operations["accounts_remove_whfb"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{device}/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes a passkey, as navigator.credentials.create() does
         * @description Closing the connection aborts the ceremony.
         */
        post: operations["ceremonies_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{device}/get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Signs in with a passkey, as navigator.credentials.get() does
         * @description Closing the connection aborts the ceremony.
         */
        post: operations["ceremonies_get"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{device}/info": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what the authenticator is and says of itself */
        get: operations["devices_info"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{device}/power-cycle": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cuts the power and gives it back */
        post: operations["devices_power_cycle"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{device}/signal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What a page signals of its passkeys: PublicKeyCredential.signalUnknownCredential() and the like
         * @description Source: WebAuthn Level 3 §5.1.10.
         */
        post: operations["ceremonies_signal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{device}/user": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Replaces the user */
        put: operations["devices_set_user"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{device}/uvpaa": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether a page is told that there is a user-verifying platform authenticator */
        get: operations["ceremonies_uvpaa"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tells what happens from now on, as server-sent events
         * @description `trace` with a TraceSummary, `question` with a Question, `answered` with `{id}`, `changed` with `{device}`, and
         *     `missed` with `{number}` for a watcher that was too slow.
         */
        get: operations["traces_live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Explains bytes */
        post: operations["traces_explain"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/questions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the questions that are open */
        get: operations["questions_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/questions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Answers one */
        post: operations["questions_answer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/scenarios": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the built-in scenarios */
        get: operations["scenarios_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/scenarios/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Runs a scenario of one's own */
        post: operations["scenarios_run_text"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/scenarios/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gives the text of a scenario */
        get: operations["scenarios_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/scenarios/{name}/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Runs a built-in scenario */
        post: operations["scenarios_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions/{session}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a session with its virtual authenticators */
        delete: operations["sessions_remove"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions/{session}/cdp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A method of CDP's WebAuthn domain
         * @description Bytes are base64 with padding, as in CDP. Answers `{result}` or `{error: {code, message}}`.
         */
        post: operations["sessions_command"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions/{session}/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a passkey on one of the session's virtual authenticators */
        post: operations["sessions_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions/{session}/get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs in with a passkey of one of the session's virtual authenticators */
        post: operations["sessions_get"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions/{session}/uvpaa": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether a page is told that there is a user-verifying platform authenticator */
        get: operations["sessions_uvpaa"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/traces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the last ceremonies, the newest first */
        get: operations["traces_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/traces/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows one ceremony: every byte, every step */
        get: operations["traces_one"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/why": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Explains a code or an error text */
        get: operations["scenarios_why"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the server is there */
        get: operations["server_healthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Trades the token for a cookie */
        post: operations["server_login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Counters for Prometheus */
        get: operations["server_metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/session/{session}/webauthn/authenticator": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Adds a virtual authenticator (WebAuthn §11.3) */
        post: operations["sessions_add_authenticator"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/session/{session}/webauthn/authenticator/{authenticator}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a virtual authenticator (WebAuthn §11.4) */
        delete: operations["sessions_remove_authenticator"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/session/{session}/webauthn/authenticator/{authenticator}/credential": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Adds a credential (WebAuthn §11.5) */
        post: operations["sessions_add_credential"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/session/{session}/webauthn/authenticator/{authenticator}/credentials": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the credentials (WebAuthn §11.6) */
        get: operations["sessions_credentials"];
        put?: never;
        post?: never;
        /** Removes all credentials (WebAuthn §11.8) */
        delete: operations["sessions_remove_all_credentials"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/session/{session}/webauthn/authenticator/{authenticator}/credentials/{credential}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes one credential (WebAuthn §11.7) */
        delete: operations["sessions_remove_credential"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/session/{session}/webauthn/authenticator/{authenticator}/credentials/{credential}/props": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Changes a credential's backup flags and counter (WebAuthn §11.10) */
        post: operations["sessions_set_properties"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/session/{session}/webauthn/authenticator/{authenticator}/uv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says whether user verification succeeds (WebAuthn §11.9) */
        post: operations["sessions_set_user_verified"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A Windows account. */
        Account: {
            /** @description The id of its container. */
            container: string;
            /** @description `local`, `msa` or `entra`. */
            kind: string;
            name: string;
            /**
             * Format: int32
             * @description How many.
             */
            passkeys: number;
            /** @description The default PIN itself, `set` for any other, or null. */
            pin: string | null;
            whfb: components["schemas"]["Whfb"][];
        };
        /** @description An account to be added. */
        AccountRequest: {
            /** @description `local` (the default), `msa` or `entra`. */
            kind?: string | null;
            name: string;
            /** @description Whether Hello is set up, with the PIN 123456; true if absent. */
            pin?: boolean | null;
        };
        /** @description An answer to a question. */
        Answer: {
            answer: components["schemas"]["YesOrNo"];
            /** @description Where the question wants one. */
            pin?: string | null;
        };
        /** @description AuthenticationResponseJSON of WebAuthn Level 3 §5.1.7. */
        AuthenticationResponseJson: {
            authenticatorAttachment?: string | null;
            clientExtensionResults: unknown;
            id: string;
            rawId: string;
            response: components["schemas"]["AuthenticatorAssertionResponseJson"];
            type: string;
        };
        AuthenticatorAssertionResponseJson: {
            authenticatorData: string;
            clientDataJSON: string;
            signature: string;
            userHandle?: string | null;
        };
        AuthenticatorAttestationResponseJson: {
            attestationObject: string;
            authenticatorData: string;
            clientDataJSON: string;
            publicKey?: string | null;
            /** Format: int64 */
            publicKeyAlgorithm: number;
            transports: string[];
        };
        Bytes: {
            /** @description Hexadecimal, base64 or base64url. */
            bytes: string;
        };
        /** @description A ceremony that a page asks for. */
        CeremonyBody: {
            /** @description The account; the one that is signed in if absent. */
            account?: string | null;
            /** @description Which passkey answers, base64url or hexadecimal; the newest if absent. Only for `get`. */
            credential?: string | null;
            /** @description Whether the page is in a frame of another origin. */
            crossOrigin?: boolean | null;
            /** @description PublicKeyCredentialCreationOptionsJSON or PublicKeyCredentialRequestOptionsJSON, bare or inside `publicKey`. */
            options: unknown;
            /**
             * @description The page's origin, as `https://rp.example`; Chromium's own `remoteDesktopClientOverride` in the options does as
             *     well.
             */
            origin?: string | null;
            /** @description What the RP would serve at `/.well-known/webauthn`. */
            relatedOrigins?: string | null;
            /** @description The origin of the top frame, if the page is in a frame of another origin. */
            topOrigin?: string | null;
        };
        /** @description What is changed of a device. */
        ChangedDevice: {
            /** @description The account that is signed in. */
            account?: string | null;
            user?: components["schemas"]["UserInput"] | null;
        };
        /** @description What is changed of a passkey. */
        ChangedPasskey: {
            backedUp?: boolean | null;
            backupEligible?: boolean | null;
            /** @description Rules that may be broken: `backup-eligibility-is-fixed`, `backed-up-needs-eligibility`, `counter-increases`. */
            breaking?: string[];
            /**
             * Format: int32
             * @description The last signature count: the next assertion has one more.
             */
            signCount?: number | null;
        };
        /** @description A command of CDP's WebAuthn domain. */
        Command: {
            /** @description As `WebAuthn.addVirtualAuthenticator`. */
            method: string;
            params?: unknown;
        };
        Container: {
            account: string;
            id: string;
            /** Format: int32 */
            passkeys: number;
            pin: string | null;
            profile: string;
        };
        /** @description A device: a computer with accounts, and whoever sits before it. */
        Device: {
            aaguid: string;
            /** @description The account that is signed in. */
            account: string;
            /** @description `platform` or `cross-platform`. */
            attachment: string;
            description: string;
            ephemeral: boolean;
            /** @description RFC 3339. */
            expires: string | null;
            id: string;
            isUvpaa: boolean;
            profile: string;
            /** @description Its keys are no secret. */
            seeded: boolean;
            /** @description The WebDriver or CDP session that it belongs to. */
            session: string | null;
            user: components["schemas"]["User"];
        };
        /** @description A device to be made. */
        DeviceRequest: {
            /** @description In memory (the default), or in the store of the data directory. */
            ephemeral?: boolean | null;
            /** @description 1 to 48 letters, digits, or characters of `-._~`; random if absent. */
            id?: string | null;
            /** @description A built-in profile, with quirks after plus signs; `windows-hello-software` if absent. */
            profile?: string | null;
            /** @description A profile as TOML, see docs/profiles.md. */
            profileToml?: string | null;
            /** @description Makes its keys and ids repeatable, in hexadecimal. */
            seed?: string | null;
            /**
             * Format: int64
             * @description How long an ephemeral one lives; as long as the server if absent.
             */
            ttlSeconds?: number | null;
            user?: components["schemas"]["UserInput"] | null;
        };
        /**
         * @description What a user does.
         * @enum {string}
         */
        Does: "approve" | "decline" | "timeout" | "wrong-pin" | "ask";
        /** @description Why something was not done. */
        Error: {
            /** @description Every layer's name for it, the innermost first. */
            chain: string | null;
            /** @description What to do about it. */
            hint: string | null;
            /** @description What failed, for people. */
            message: string;
            /** @description The `DOMException` that a page would catch, where there is one. */
            name: string | null;
        };
        /** @description Bytes and what they mean. */
        Explained: {
            hex: string;
            kind: string;
            nodes: components["schemas"]["ExplainedNode"][];
            problems: components["schemas"]["Problem"][];
            title: string;
        };
        /** @description A piece of bytes: with what is inside it goes from `offset` to `end`. */
        ExplainedNode: {
            children: components["schemas"]["ExplainedNode"][];
            /** Format: int64 */
            end: number;
            label: string;
            /**
             * Format: int64
             * @description Of its own bytes, without its children's.
             */
            length: number;
            note: string | null;
            /** Format: int64 */
            offset: number;
            value: string;
        };
        Imported: {
            /**
             * Format: int64
             * @description How many.
             */
            imported: number;
        };
        IsUvpaa: {
            isUvpaa: boolean;
        };
        /** @description A message in a sequence diagram; its actors are `page`, `browser`, `webauthn.h`, `ctap` and `container`. */
        Message: {
            detail: string | null;
            from: string;
            ok: boolean;
            text: string;
            to: string;
        };
        /**
         * @description A signal method without its `signal`.
         * @enum {string}
         */
        Method: "unknownCredential" | "allAcceptedCredentials" | "currentUserDetails";
        NewAccount: {
            kind: string;
            name: string;
        };
        NewPin: {
            pin: string;
        };
        /** @description A passkey, or a key of Windows Hello for Business. */
        Passkey: {
            /**
             * Format: int64
             * @description A COSE algorithm identifier.
             */
            algorithm: number;
            backedUp: boolean;
            backupEligible: boolean;
            /** @description Keeps others of its user from being registered. */
            blocking: boolean;
            /** @description RFC 3339. */
            created: string;
            discoverable: boolean;
            /** @description base64url. */
            id: string;
            /** @description `passkey` or `whfb`. */
            kind: string;
            removable: boolean;
            rpId: string;
            /** Format: int32 */
            signCount: number;
            user: components["schemas"]["PasskeyUser"];
        };
        PasskeyUser: {
            displayName: string | null;
            /** @description base64url. */
            id: string;
            name: string | null;
        };
        Problem: {
            /** Format: int64 */
            offset: number;
            text: string;
        };
        /** @description A question that waits for its answer. */
        Question: {
            account: string;
            /** @description RFC 3339. */
            asked: string;
            /** Format: int32 */
            attemptsLeft: number | null;
            /** @description RFC 3339. */
            deadline: string;
            device: string;
            /** @description `presence`, `verify`, `sample`, `touch`, `select` or `reset`. */
            gesture: string;
            /** Format: int64 */
            id: number;
            rpId: string | null;
            /** @description The question, for people. */
            text: string;
            wantsPin: boolean;
        };
        /** @description RegistrationResponseJSON of WebAuthn Level 3 §5.1.7. */
        RegistrationResponseJson: {
            authenticatorAttachment?: string | null;
            clientExtensionResults: unknown;
            id: string;
            rawId: string;
            response: components["schemas"]["AuthenticatorAttestationResponseJson"];
            type: string;
        };
        /** @description A scenario as TOML, see docs/scenarios.md. */
        ScenarioText: {
            toml: string;
        };
        /** @description What a page signals of its passkeys. */
        Signal: {
            method: components["schemas"]["Method"];
            /** @description The options of that method, with base64url for bytes. */
            options: unknown;
            /** @description The page's origin. */
            origin: string;
        };
        /** @description A step of the specification. */
        Step: {
            number: string;
            outcome: string;
            /** @description The rule in words. */
            rule: string;
            section: string;
        };
        /** @description A ceremony that ended, with all its bytes and steps. */
        Trace: {
            account: string;
            /** @description `create` or `get`. */
            ceremony: string;
            device: string;
            /**
             * Format: int64
             * @description Microseconds.
             */
            durationUs: number;
            error: components["schemas"]["Error"] | null;
            /**
             * Format: int64
             * @description Later is greater.
             */
            id: number;
            origin: string;
            /** @description `ok`, or the exception's name. */
            outcome: string;
            rpId: string;
            /** @description RFC 3339. */
            started: string;
            userName: string | null;
        } & {
            attestationObject: components["schemas"]["Explained"] | null;
            authenticatorData: components["schemas"]["Explained"] | null;
            clientData: string | null;
            /** @description Who said what to whom, in order. */
            diagram: components["schemas"]["Message"][];
            /** @description One for each request that reached the authenticator. */
            exchanges: components["schemas"]["TraceExchange"][];
            /** @description As they came; null where they were longer than 64 KiB. */
            options: unknown;
            /** @description What the page got. */
            response: unknown;
        };
        TraceExchange: {
            request: components["schemas"]["Explained"];
            response: components["schemas"]["Explained"] | null;
            steps: components["schemas"]["Step"][];
        };
        /** @description A ceremony that ended. */
        TraceSummary: {
            account: string;
            /** @description `create` or `get`. */
            ceremony: string;
            device: string;
            /**
             * Format: int64
             * @description Microseconds.
             */
            durationUs: number;
            error: components["schemas"]["Error"] | null;
            /**
             * Format: int64
             * @description Later is greater.
             */
            id: number;
            origin: string;
            /** @description `ok`, or the exception's name. */
            outcome: string;
            rpId: string;
            /** @description RFC 3339. */
            started: string;
            userName: string | null;
        };
        Upn: {
            /** @description The user principal name; the account's name if absent. */
            upn?: string | null;
        };
        /** @description What a user does at every ceremony, and when. */
        User: {
            /**
             * Format: int64
             * @description How long it takes until something is done, in milliseconds; how long someone waits who does nothing.
             */
            delayMs: number;
            does: components["schemas"]["Does"];
            /** @description What is done at the next ceremonies, one each. */
            next: components["schemas"]["Does"][];
        };
        /** @description A user; what is done alone says it as well. */
        UserInput: components["schemas"]["Does"] | {
            /** Format: int64 */
            delayMs?: number;
            does: components["schemas"]["Does"];
            next?: components["schemas"]["Does"][];
        };
        /** @description A key of Windows Hello for Business. */
        Whfb: {
            /** @description Whether the tenant still lists the method. */
            inTenant: boolean;
            upn: string;
        };
        /** @enum {string} */
        YesOrNo: "yes" | "no";
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    devices_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Device"][];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    devices_add: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeviceRequest"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Device"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    devices_describe: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Device"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    devices_remove: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description removed */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    devices_change: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangedDevice"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Device"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    accounts_list: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Account"][];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    accounts_add: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AccountRequest"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewAccount"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    accounts_remove: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description removed */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    accounts_container: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Container"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    accounts_delete_container: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    passkeys_export: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    passkeys_import: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
                account: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Imported"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    passkeys_passkeys: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Passkey"][];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    passkeys_delete_passkey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
                account: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    passkeys_change_passkey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
                account: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangedPasskey"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Passkey"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    accounts_set_pin: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
                account: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPin"];
            };
        };
        responses: {
            /** @description set */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    accounts_clear_pin: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description cleared */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    accounts_provision_whfb: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
                account: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Upn"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Whfb"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    accounts_remove_whfb: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
                account: string;
                upn: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description removed */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    ceremonies_create: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CeremonyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegistrationResponseJson"];
                };
            };
            /** @description the ceremony was refused */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    ceremonies_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CeremonyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuthenticationResponseJson"];
                };
            };
            /** @description the ceremony was refused */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    devices_info: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    devices_power_cycle: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    ceremonies_signal: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Signal"];
            };
        };
        responses: {
            /** @description heard */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    devices_set_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserInput"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    ceremonies_uvpaa: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                device: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IsUvpaa"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    traces_live: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
        };
    };
    traces_explain: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Bytes"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Explained"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    questions_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Question"][];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    questions_answer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Answer"];
            };
        };
        responses: {
            /** @description answered */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    scenarios_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    scenarios_run_text: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ScenarioText"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    scenarios_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    scenarios_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    sessions_remove: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description removed, if it was there */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    sessions_command: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Command"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    sessions_create: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CeremonyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegistrationResponseJson"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    sessions_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CeremonyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuthenticationResponseJson"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    sessions_uvpaa: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IsUvpaa"];
                };
            };
        };
    };
    traces_list: {
        parameters: {
            query?: {
                /** @description Only those of this device. */
                device?: string;
                /** @description Only those before this number. */
                before?: number;
                /** @description At most so many; 100 if absent, at most 1,000. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TraceSummary"][];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    traces_one: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trace"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    scenarios_why: {
        parameters: {
            query: {
                /** @description A status, an HRESULT, an exception, an event id, or what a person sees. */
                code: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    server_healthz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    server_login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the cookie is set */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    server_metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    sessions_add_authenticator: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    sessions_remove_authenticator: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session: string;
                authenticator: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    sessions_add_credential: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session: string;
                authenticator: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    sessions_credentials: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session: string;
                authenticator: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    sessions_remove_all_credentials: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session: string;
                authenticator: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    sessions_remove_credential: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session: string;
                authenticator: string;
                credential: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    sessions_set_properties: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session: string;
                authenticator: string;
                credential: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    sessions_set_user_verified: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session: string;
                authenticator: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
}
