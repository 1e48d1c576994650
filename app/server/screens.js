/* What the browser does for the screens: it says Streamlit's own texts in the language of the screens, copies links,
   keeps what is being typed until it is sent, and says what became of an upload.

   The server writes the words into the document, before this script and before Streamlit's own (app/server/screens.py). */
"use strict";
(() => {
  const given = JSON.parse(document.getElementById("screens-words").textContent);
  const ATTRIBUTES = ["aria-label", "title", "placeholder", "alt", "data-title", "aria-description"];
  /* What people wrote and what files hold is never changed; nor what the screens say themselves. */
  const LEFT_ALONE = "pre, code, textarea, script, style, [role=grid], .stHtml, .stMarkdown, .js-plotly-plot";

  const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const whole = new Map();
  const patterns = [];
  for (const [english, korean] of given.words) {
    if (!english.includes("{")) {
      whole.set(english, korean);
      continue;
    }
    const names = [];
    const source = english
      .split(/\{(\w+)\}/)
      .map((part, place) => (place % 2 ? (names.push(part), "(.+?)") : escaped(part)))
      .join("");
    patterns.push([new RegExp(`^${source}$`, "s"), names, korean]);
  }

  const MONTHS = [
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
  ];
  const ENGLISH_DATE = new RegExp(`(?:\\w+day, )?(${MONTHS.join("|")}) (\\d{1,2}), (\\d{4})`, "g");
  const inKoreanDates = (text) =>
    text.replace(ENGLISH_DATE, (_, month, day, year) => `${year}년 ${MONTHS.indexOf(month) + 1}월 ${day}일`);

  function inKorean(written) {
    const text = inKoreanDates(written);
    const bare = text.trim();
    if (!/[A-Za-z]/.test(bare) || bare.length > 400) return null;
    let said = whole.get(bare);
    for (const [pattern, names, korean] of said === undefined ? patterns : []) {
      const found = pattern.exec(bare);
      if (!found) continue;
      said = korean.replace(/\{(\w+)\}/g, (_, name) => found[names.indexOf(name) + 1]);
      break;
    }
    if (said === undefined) return text === written ? null : text;
    return text.replace(bare, () => said);
  }

  /* ------------------------------------------------------------------------------------- the language */

  const spoken = () => {
    const asked = new URLSearchParams(location.search).get("lang");
    return given.languages.includes(asked) ? asked : given.languages[0];
  };
  let language = spoken();
  const LOCALES = { ko: Object.freeze(["ko-KR"]), en: Object.freeze(["en-GB"]) };
  /* Dates that are typed in, calendars and numbers follow the screens, not the browser. */
  Object.defineProperty(navigator, "language", { configurable: true, get: () => LOCALES[language][0] });
  Object.defineProperty(navigator, "languages", { configurable: true, get: () => LOCALES[language] });

  const before = new WeakMap(); /* node -> name of the attribute, or "" for its text -> [English, Korean] */
  function say(node, name, text, write) {
    if (!text) return;
    const kept = before.get(node) ?? {};
    if (language !== "ko") {
      if (kept[name] && kept[name][1] === text) write(kept[name][0]);
      return;
    }
    const korean = inKorean(text);
    if (korean === null || korean === text) return;
    before.set(node, { ...kept, [name]: [text, korean] });
    write(korean);
  }
  function sayText(node) {
    if (node.parentElement?.closest(LEFT_ALONE)) return;
    say(node, "", node.nodeValue, (text) => (node.nodeValue = text));
  }
  function sayAttribute(node, name) {
    if (node.closest("[role=grid], .stHtml")) return;
    say(node, name, node.getAttribute(name), (text) => node.setAttribute(name, text));
  }
  function sayAll(root) {
    if (root.nodeType === Node.TEXT_NODE) return sayText(root);
    if (root.nodeType !== Node.ELEMENT_NODE) return;
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) sayText(node);
    for (const name of ATTRIBUTES) {
      if (root.hasAttribute(name)) sayAttribute(root, name);
      for (const node of root.querySelectorAll(`[${name}]`)) sayAttribute(node, name);
    }
  }
  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "characterData") sayText(change.target);
      else if (change.type === "attributes") sayAttribute(change.target, change.attributeName);
      else for (const node of change.addedNodes) sayAll(node);
    }
  }).observe(document, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES,
  });

  function follow() {
    if (spoken() === language) return;
    language = spoken();
    document.documentElement.lang = language;
    window.dispatchEvent(new Event("languagechange"));
    sayAll(document.documentElement);
  }

  /* One act of whoever looks is one entry of the history, however many steps Streamlit and the server take for it: going
     to another page first empties the address of the one that is left. */
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  let hasActed = false;
  for (const name of ["pointerdown", "keydown"]) window.addEventListener(name, () => (hasActed = true), true);
  history.pushState = (...how) => {
    (hasActed ? push : replace)(...how);
    hasActed = false;
    follow();
  };
  history.replaceState = (...how) => (replace(...how), follow());

  /* ------------------------------------------------------------------------------------- back and forward */

  /* The server cannot tell a filter that was undone from one that the address never held: it is told. This runs before
     Streamlit's own listener, which sends the address as it stands then; the server takes the mark off again. */
  let turns = 0;
  window.addEventListener("popstate", () => {
    const address = new URL(location.href);
    address.searchParams.set("turned", ++turns);
    hasActed = false;
    history.replaceState(history.state, "", address);
  });

  /* ------------------------------------------------------------------------------------- signed out */

  /* The server closes the connection of whoever was signed out or disabled; the page then leads to signing in. */
  const SIGNED_OUT = 4401;
  window.WebSocket = class extends WebSocket {
    constructor(...how) {
      super(...how);
      this.addEventListener("close", (event) => event.code === SIGNED_OUT && location.reload());
    }
  };

  /* ------------------------------------------------------------------------------------- the clipboard */

  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  }
  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[data-copy]") : null;
    if (!button) return;
    const told = button.parentElement.querySelector("output");
    const done = await copied(button.dataset.copy);
    told.textContent = done ? button.dataset.done : button.dataset.copy;
    if (!done) getSelection().selectAllChildren(told);
  });

  /* ------------------------------------------------------------------------------------- what is being typed */

  /* A text that is not sent lives in this tab alone (sessionStorage), under its person, page and field: it outlasts a
     session that ends, a reload and a server that starts anew, goes with the tab, and is nobody else's. */
  const PREFIX = "typed/";
  const FIELDS = ["textarea", ...["reason", "propose-value", "person-name", "token-name"].map(
    (name) => `[class*=st-key-][class*=${name}] input[type=text]`,
  )].join(", ");
  const person = () => document.querySelector("p.who[data-person]")?.dataset.person;
  const ofPage = () => `${PREFIX}${person()}/${location.pathname}/`;
  function keyOf(field) {
    if (!(field instanceof Element) || !field.matches(FIELDS) || !field.closest("[data-testid=stMain]")) return null;
    const named = [...(field.closest("[class*=st-key-]")?.classList ?? [])].find((name) => name.startsWith("st-key-"));
    return named && person() ? ofPage() + named : null;
  }
  const stored = () => Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));

  /* What is told stands below what it is about; with a way on it stays until the next. */
  function tell(text, about, way) {
    document.getElementById("screens-told")?.remove();
    clearTimeout(tell.ends);
    const told = document.createElement("p");
    told.id = "screens-told";
    told.className = "banner";
    told.setAttribute("role", "alert");
    told.append(text);
    (about?.closest("[data-testid=stElementContainer]") ?? document.body).append(told);
    if (way) told.append(" ", Object.assign(document.createElement("a"), { href: way.address, textContent: way.text }));
    else tell.ends = setTimeout(() => told.remove(), 30000);
  }
  const said = (name, parts = {}) =>
    given.said[name][language].replace(/\{(\w+)\}/g, (_, part) => Number(parts[part]).toLocaleString("ko-KR"));

  document.addEventListener(
    "input",
    (event) => {
      const key = keyOf(event.target);
      if (!key) return;
      if (event.target.value) sessionStorage.setItem(key, event.target.value);
      else sessionStorage.removeItem(key);
    },
    true,
  );
  function bringBack(field) {
    const key = keyOf(field);
    const text = key && sessionStorage.getItem(key);
    if (!text || field.value) return;
    const kind = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(field, text);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new FocusEvent("focusout", { bubbles: true }));
    tell(said("restored"), field);
  }
  /* What was sent is forgotten with the sentence that it was; what still stands in a field once the page is drawn is kept. */
  function forget() {
    for (const key of stored()) if (key.startsWith(ofPage())) sessionStorage.removeItem(key);
    setTimeout(() => {
      for (const field of document.querySelectorAll(FIELDS))
        if (field.value && keyOf(field)) sessionStorage.setItem(keyOf(field), field.value);
    }, 3000);
  }
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("p.who a")) stored().forEach((key) => sessionStorage.removeItem(key));
  });

  document.addEventListener(
    "paste",
    (event) => {
      const field = event.target;
      const limits = field instanceof Element && field.closest("[data-testid=stTextArea], [data-testid=stTextInput]");
      const most = limits && /\d+\/(\d+)\s*$/.exec(limits.querySelector("[data-testid=InputInstructions]")?.textContent ?? "");
      if (!most) return;
      const pasted = event.clipboardData?.getData("text") ?? "";
      const length = field.value.length - (field.selectionEnd - field.selectionStart) + pasted.length;
      if (length <= Number(most[1])) return;
      event.preventDefault();
      tell(said("too_long", { length, most: most[1] }), field);
    },
    true,
  );

  /* ------------------------------------------------------------------------------------- what became of an upload */

  /* Streamlit tells it in a hint that shows only under the pointer. The gate answers 401 to whoever is signed out. */
  const open = XMLHttpRequest.prototype.open;
  XMLHttpRequest.prototype.open = function (method, address, ...more) {
    if (String(method).toUpperCase() === "PUT" && String(address).includes("/_stcore/upload_file/"))
      for (const end of ["load", "error", "timeout"]) this.addEventListener(end, () => uploaded(this.status));
    return open.call(this, method, address, ...more);
  };
  function uploaded(status) {
    if (status >= 200 && status < 300) return;
    const uploader = document.querySelector("[data-testid=stFileUploader]");
    if (status !== 401) return tell(said("not_uploaded"), uploader);
    const query = new URLSearchParams({ next: location.pathname + location.search });
    if (language !== given.languages[0]) query.set("lang", language);
    tell(said("signed_out"), uploader, { text: said("sign_in"), address: `${given.signIn}?${query}` });
  }

  /* ------------------------------------------------------------------------------------- paper */

  /* A chart that is wider than the paper is made smaller as a whole: the style sheet needs its size to do so. */
  window.addEventListener("beforeprint", () => {
    for (const drawing of document.querySelectorAll(".js-plotly-plot .main-svg"))
      drawing.setAttribute("viewBox", `0 0 ${drawing.getAttribute("width")} ${drawing.getAttribute("height")}`);
  });
  window.addEventListener("afterprint", () => {
    for (const drawing of document.querySelectorAll(".js-plotly-plot .main-svg")) drawing.removeAttribute("viewBox");
  });

  /* ------------------------------------------------------------------------------------- what came of an act */

  let hasPressed = false;
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-testid=stMain] button")) hasPressed = true;
  }, true);
  const within = (root, selector) => [...(root.matches(selector) ? [root] : []), ...root.querySelectorAll(selector)];
  function seen(root) {
    if (root.nodeType !== Node.ELEMENT_NODE) return;
    for (const who of within(root, "p.who[data-person]"))
      for (const key of stored())
        if (!key.startsWith(`${PREFIX}${who.dataset.person}/`)) sessionStorage.removeItem(key);
    if (within(root, "p[data-done]").length) forget();
    for (const field of within(root, FIELDS)) setTimeout(bringBack, 300, field);
    const results = hasPressed ? within(root, "p[data-result]") : [];
    if (!results.length) return;
    hasPressed = false;
    requestAnimationFrame(() => {
      const { top, bottom } = results[0].getBoundingClientRect();
      if (top < 0 || bottom > innerHeight) results[0].scrollIntoView({ block: "center" });
    });
  }
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) seen(node);
  }).observe(document, { subtree: true, childList: true });
})();
