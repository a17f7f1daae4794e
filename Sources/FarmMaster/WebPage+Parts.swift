extension WebPage {
  /// Elements and figures: what the other scripts build with.
  static let partsScript = #"""
    // MARK: The document

    /// Data enters the document here, as text.
    function make(tag, attributes, ...children) {
      const element = document.createElement(tag);
      for (const [name, value] of Object.entries(attributes ?? {})) {
        if (value === false || value === null || value === undefined) continue;
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else element.setAttribute(name, value === true ? "" : String(value));
      }
      element.append(...children.filter(child => child !== null && child !== undefined).map(child =>
        child instanceof Node ? child : String(child)));
      return element;
    }

    function text(element, value) {
      if (element.textContent !== value) element.textContent = value;
    }

    function attribute(element, name, value) {
      if (value === null || value === undefined) element.removeAttribute(name);
      else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
    }

    /// Makes the children of `parent` those of `items`, keeping elements (and with them the focus) by key.
    function keyed(parent, items, key, create, update) {
      const old = parent.keyed ?? new Map(), fresh = new Map(), names = new Set(items.map(key));
      for (const [name, element] of old) if (!names.has(name)) element.remove();
      let place = parent.firstChild;
      for (const item of items) {
        const name = key(item);
        if (fresh.has(name)) continue;
        const element = old.get(name) ?? create(item);
        fresh.set(name, element);
        update(element, item);
        if (element === place) place = place.nextSibling;
        else parent.insertBefore(element, place);
      }
      parent.keyed = fresh;
    }

    function makeBar(label) {
      const about = { class: "bar", role: "progressbar", "aria-label": label, "aria-valuemin": 0,
        "aria-valuemax": 100 };
      return make("span", about, make("i"), make("i"));
    }

    /// - Parameter of: A job or a frame. What is rendered but not checked yet is drawn darker.
    function fillBar(bar, of) {
      const total = Math.max(1, of.unitCount);
      bar.children[0].style.width = 100 * of.receivedUnitCount / total + "%";
      bar.children[1].style.width = 100 * of.finishedUnitCount / total + "%";
      attribute(bar, "aria-valuenow", percent(of));
    }

    function makeCopy(label, value) {
      const about = { type: "button", class: "copy", "aria-label": "Copy " + label, onclick: () => copy(value()) };
      return make("button", about, "copy");
    }

    async function copy(value) {
      try {
        await navigator.clipboard.writeText(value);
      } catch {
        // Without TLS browsers keep the clipboard from pages.
        const area = make("textarea", { readonly: true, "aria-hidden": "true" });
        area.value = value;
        area.style.cssText = "position:fixed;opacity:0";
        const focused = document.activeElement;
        document.body.append(area);
        area.select();
        const done = document.execCommand("copy");
        area.remove();
        focused?.focus();
        if (!done) return toast("Copy it by hand: " + value);
      }
      toast("Copied.");
    }

    let toastTimer = 0;
    function toast(message) {
      $("toast").hidden = false;
      text($("toast"), message);
      clearTimeout(toastTimer);
      toastTimer = setTimeout(() => { $("toast").hidden = true; text($("toast"), ""); }, 2500 + 50 * message.length);
    }

    // MARK: Figures

    const plain = new Intl.NumberFormat("en");
    const compact = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
    const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

    /// 12,345, then 1.23 M, 4.56 G …
    function count(value) {
      if (value < 1e5) return plain.format(value);
      const units = [[1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];
      const [unit, name] = units.find(([unit]) => value >= unit);
      return compact.format(value / unit) + " " + name;
    }

    function duration(seconds) {
      if (!(seconds >= 0 && seconds < Infinity)) return "–";
      if (seconds < 10) return seconds.toFixed(1) + " s";
      const s = Math.round(seconds), two = value => String(value).padStart(2, "0");
      if (s < 60) return s + " s";
      if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
      if (s < 86400) return `${Math.floor(s / 3600)} h ${two(Math.floor(s / 60) % 60)} min`;
      return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
    }

    const remaining = seconds => seconds < 10 ? "a few seconds" : "about " + duration(seconds);

    /// Whole percents, 100 only for all.
    const percent = of => of.unitCount > 0 ? Math.floor(100 * of.receivedUnitCount / of.unitCount) : 0;
    const counted = (number, one, many) => plain.format(number) + " " + (number === 1 ? one : many ?? one + "s");
    /// As the command takes them, with en dashes: −5–−1, 1–48, 60.
    function frameNames(job) {
      const names = job.frames.length > 200 ? job.frames.slice(0, 200) + "…" : job.frames;
      return names.replaceAll(/(\d)-/g, "$1–").replaceAll("-", "−").replaceAll(",", ", ");
    }
    const short = hash => hash.slice(0, 12);
    const now = () => Date.now() / 1000 + state.skew;

    /// From what was seen to come in during the last minutes; null while too little was.
    function secondsLeft(job) {
      if (job.state !== "active") return null;
      const first = state.marks[0], last = state.marks.at(-1);
      if (!first || last.time - first.time < 4) return null;
      const time = name => {
        const left = job.unitCount - job[name];
        return left === 0 ? 0 : left * (last.time - first.time) / (last[name] - first[name]);
      };
      const left = time("receivedUnitCount");
      return left < Infinity ? left : null;
    }

    function mark(job) {
      const time = performance.now() / 1000, last = state.marks.at(-1);
      if (last && (job.receivedUnitCount < last.receivedUnitCount || job.finishedUnitCount < last.finishedUnitCount
        || job.state !== "active")) state.marks = [];
      state.marks.push({ time, receivedUnitCount: job.receivedUnitCount, finishedUnitCount: job.finishedUnitCount });
      while (state.marks.length > 2 && time - state.marks[0].time > 180) state.marks.shift();
    }
    """#
}
