import { call } from "/static/api.js";
import { bytesView } from "/static/bytes.js";
import { errorBar, field } from "/static/dialogs.js";
import { h } from "/static/dom.js";

/** Bytes from elsewhere, taken apart. */
export function explain() {
  const input = h("textarea", { name: "bytes", required: true, spellcheck: "false", autocomplete: "off", placeholder: "o2NmbXRmcGFja2Vk… or 04" });
  const result = h("div.bytes-place");
  const submit = async (event) => {
    event.preventDefault();
    try {
      const explained = await call("POST", "/api/explain", { bytes: input.value.trim() });
      const heading = h("h2", { tabindex: "-1" }, explained.kind || explained.title);
      result.replaceChildren(heading, bytesView(explained, explained.kind || explained.title));
      heading.focus();
    } catch (error) {
      result.replaceChildren(errorBar(error));
    }
  };
  const element = h("div.page", { hidden: true },
    h("h1", null, "Explain bytes"),
    h("p.soft", null, "CTAP messages, authenticator data, COSE keys, attestation objects and any CBOR."),
    h("form.card.padded", { onsubmit: submit },
      field("Bytes in hexadecimal, base64 or base64url", input),
      h("div.actions", null, h("button.primary", { type: "submit" }, "Explain"))),
    result);
  return {
    element,
    open() {
      document.title = "Explain bytes · softhello";
    },
  };
}
