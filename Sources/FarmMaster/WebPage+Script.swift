extension WebPage {
  /// Talking to the master, and everything but the pictures.
  static let script = #"""
    "use strict";
    const $ = id => document.getElementById(id);
    // The API may live under a path.
    const base = new URL(location.pathname.replace(/\/?$/, "/"), location.origin);
    const at = path => new URL(path, base).href;

    const state = {
      jobs: [], agents: [], credits: [], status: null,
      jobID: null, detail: null, places: new Map(), frame: null,
      follow: true, lastTouched: -Infinity, marks: [],
      skew: 0, lockedOut: false,
    };
    const summary = () => state.detail?.job ?? state.jobs.find(job => job.id === state.jobID) ?? null;
    const frames = () => state.detail?.frames ?? [];
    const frameAt = number => state.places.has(number) ? frames()[state.places.get(number)] : null;
    const isOver = job => job.state !== "active" && job.state !== "paused";

    // MARK: The master

    class Fault extends Error {
      constructor(status, message) { super(message); this.status = status; }
    }

    async function ask(path, options) {
      const answer = await fetch(at(path), { cache: "no-store", signal: AbortSignal.timeout(60000), ...options });
      if (answer.status === 401) { lockOut(); throw new Fault(401, "A token is needed."); }
      if (answer.ok) return answer;
      let message = "";
      try {
        const body = await answer.json();
        message = body.error?.message ?? body.message ?? "";
      } catch { }
      throw new Fault(answer.status, String(message).slice(0, 400) || `The master answered ${answer.status}.`);
    }

    async function get(path) {
      const answer = await ask(path), date = Date.parse(answer.headers.get("date") ?? "");
      if (date) {
        const skew = (date - Date.now()) / 1000;
        state.skew = Math.abs(skew) > 5 ? skew : 0;
      }
      return answer.json();
    }

    /// A function that asks for `work` to be done: at most once in `interval()` milliseconds, never twice at a time,
    /// and again if it was asked for meanwhile. With `true` it does not wait for the interval.
    function throttled(interval, work) {
      let timer = 0, isBusy = false, again = null, last = -Infinity;
      async function go() {
        timer = 0;
        isBusy = true;
        last = performance.now();
        let pause = 0;
        try {
          await work();
        } catch (fault) {
          if (fault.status === 401) again = null;
          else { console.warn(fault); again ??= false; pause = 5000; }
        }
        isBusy = false;
        if (again !== null) { const soon = again; again = null; want(soon, pause); }
      }
      function want(soon = false, pause = 0) {
        if (state.lockedOut || document.hidden) return;
        if (isBusy) { again = again || soon; return; }
        if (timer && !soon) return;
        clearTimeout(timer);
        timer = setTimeout(go, Math.max(pause, soon ? 0 : last + interval() - performance.now()));
      }
      return want;
    }

    const wantStatus = throttled(() => 2000, async () => { state.status = await get("v1/status"); showStatus(); });
    const wantJobs = throttled(() => 1000, async () => { state.jobs = (await get("v1/jobs")).jobs; takeJobs(); });
    const wantAgents = throttled(() => 1500, async () => {
      state.agents = (await get("v1/agents")).agents;
      showAgents();
    });
    const wantCredits = throttled(() => 5000, async () => {
      state.credits = (await get("v1/credits")).credits;
      showCredits();
    });
    let detailCost = 0;
    const wantDetail = throttled(() => Math.max(1000, 4 * detailCost), async () => {
      const id = state.jobID;
      if (!id) return;
      const begin = performance.now();
      let detail;
      try {
        detail = await get("v1/jobs/" + encodeURIComponent(id));
      } catch (fault) {
        if (fault.status !== 404 || id !== state.jobID) throw fault;
        state.jobs = state.jobs.filter(job => job.id !== id);
        selectJob(null);
        return takeJobs();
      }
      if (id === state.jobID) takeDetail(detail);
      detailCost = performance.now() - begin;
    });

    function wantAll() {
      for (const want of [wantStatus, wantJobs, wantDetail, wantAgents, wantCredits, wantLive]) want(true);
    }

    let source = null, reopening = 0, heard = 0, hasPings = false;
    function connect() {
      disconnect();
      if (state.lockedOut || document.hidden) return;
      heard = performance.now();
      hasPings = false;
      source = new EventSource(at("v1/events"));
      const on = (name, take) => source.addEventListener(name, event => {
        heard = performance.now();
        let data = {};
        try { data = JSON.parse(event.data); } catch { }
        take(data ?? {});
      });
      source.onopen = () => { heard = performance.now(); connection("live", "Live"); wantAll(); };
      source.onerror = () => {
        if (state.lockedOut) return;
        connection("lost", "Connection lost, trying again…");
        // After an answer that is no stream the browser gives up; perhaps a token is wanted.
        if (source.readyState !== EventSource.CLOSED) return;
        wantStatus();
        clearTimeout(reopening);
        reopening = setTimeout(connect, 4000);
      };
      on("ping", () => { hasPings = true; });
      on("agents", () => { wantAgents(); wantStatus(); wantLive(); });
      on("job", ({ job }) => { wantJobs(); wantStatus(); wantCredits(); if (job === state.jobID) wantDetail(); });
      on("frame", ({ job }) => { wantJobs(); wantCredits(); if (job === state.jobID) { wantDetail(); wantLive(); } });
      on("unit", ({ job, frame }) => {
        wantJobs();
        wantAgents();
        if (job !== state.jobID) return;
        wantDetail();
        touch(frame);
      });
    }
    function disconnect() {
      clearTimeout(reopening);
      source?.close();
      source = null;
    }
    function connection(kind, message) {
      attribute($("connection"), "data-state", kind);
      if (kind === "lost") showTiles([]);
      text($("connection-text"), message);
    }
    setInterval(() => {
      // A connection can die without a word.
      if (source && hasPings && performance.now() - heard > 60000) {
        connection("lost", "Connection lost, trying again…");
        connect();
      }
      const job = summary();
      if (job && state.detail && !isOver(job)) showJobFacts(job);
    }, 5000);
    // A stream takes one of the few connections that a browser opens to one host.
    let hiding = 0;
    document.addEventListener("visibilitychange", () => {
      clearTimeout(hiding);
      if (document.hidden) hiding = setTimeout(disconnect, 20000);
      else if (source) wantAll();
      else connect();
    });

    function lockOut() {
      if (state.lockedOut) return;
      state.lockedOut = true;
      disconnect();
      player.stop();
      $("page").hidden = true;
      $("login").hidden = false;
      connection("", "Not logged in");
      $("token").focus();
    }
    $("login").addEventListener("submit", async event => {
      event.preventDefault();
      const button = $("login").querySelector("button");
      button.disabled = true;
      text($("login-fault"), "");
      try {
        const answer = await fetch(at("v1/login"), {
          method: "POST", headers: { "content-type": "application/json" },
          body: JSON.stringify({ token: $("token").value.trim() }),
        });
        if (answer.ok) return location.reload();
        text($("login-fault"), answer.status === 401 || answer.status === 403
          ? "This is not the token." : `The master answered ${answer.status}.`);
      } catch {
        text($("login-fault"), "The master does not answer.");
      }
      button.disabled = false;
      $("token").select();
    });

    // MARK: Jobs

    function takeJobs() {
      if (!state.jobs.some(job => job.id === state.jobID) && !(state.jobID && state.detail)) {
        const wanted = readAddress();
        const job = state.jobs.find(job => job.id === wanted.job)
          ?? state.jobs.find(job => job.state === "active") ?? state.jobs[0];
        selectJob(job?.id ?? null, job?.id === wanted.job ? wanted.frame : null);
      }
      showJobs();
      if (!state.detail) showJob();
    }

    function showJobs() {
      keyed($("jobs"), state.jobs, job => job.id, job => {
        const name = make("span", { class: "name", dir: "auto" }), done = make("span", { class: "small" });
        const word = make("span", { class: "state small" }), size = make("span", { class: "small" });
        const bar = makeBar("Progress");
        const button = make("button", { type: "button", onclick: () => selectJob(job.id, null, true) },
          make("span", { class: "line" }, name, done), bar, make("span", { class: "line" }, word, size));
        const item = make("li", null, button);
        item.parts = { name, done, word, size, bar, button };
        return item;
      }, (item, job) => {
        const { name, done, word, size, bar, button } = item.parts;
        text(name, job.name || job.id);
        attribute(name, "title", job.name);
        text(done, percent(job) + " %");
        text(word, job.state);
        attribute(word, "data-state", job.state);
        const total = counted(job.frameCount, "frame");
        text(size, job.frameCount === 1 ? total : `${plain.format(job.finishedFrameCount)} of ${total}`);
        fillBar(bar, job);
        attribute(button, "aria-current", job.id === state.jobID ? "true" : null);
      });
      $("no-jobs").hidden = state.jobs.length > 0;
    }

    function selectJob(id, frame = null, remember = false) {
      if (id === state.jobID) {
        if (frame !== null && frameAt(frame)) selectFrame(frame);
        return;
      }
      Object.assign(state, { jobID: id, detail: null, places: new Map(), frame, follow: frame === null, marks: [],
        lastTouched: -Infinity });
      detailCost = 0;
      clearPictures();
      showJobs();
      showJob();
      writeAddress(remember);
      if (id) wantDetail(true);
    }

    function takeDetail(detail) {
      const isFirst = state.detail === null;
      state.detail = detail;
      state.places = new Map(detail.frames.map((frame, place) => [frame.number, place]));
      mark(detail.job);
      const listed = state.jobs.findIndex(job => job.id === detail.job.id);
      if (listed >= 0) { state.jobs[listed] = detail.job; showJobs(); }
      if (!frameAt(state.frame)) state.frame = firstShown(detail);
      showJob();
      showSequence(isFirst);
      showFrame();
      player.update();
    }

    /// The frame to begin with.
    function firstShown({ job, frames }) {
      const open = frame => frame.state !== "finished" && frame.receivedUnitCount > 0;
      const frame = job.state === "active"
        ? frames.find(frame => open(frame) && frame.state === "rendering") ?? frames.find(open)
          ?? frames.findLast(frame => frame.state === "finished") ?? frames[0]
        : frames.find(frame => frame.state === "finished") ?? frames.find(open) ?? frames[0];
      return frame?.number ?? null;
    }

    const actions = [
      ["pause", "Pause", job => job.state === "active"],
      ["resume", "Resume", job => job.state === "paused"],
      ["retry", "Retry", job => job.state === "failed" || job.state === "cancelled"],
      ["cancel", "Cancel…", job => job.state === "active" || job.state === "paused" || job.state === "failed"],
    ];

    function showJob() {
      const job = summary();
      $("job").hidden = !job;
      $("no-job").hidden = !!job;
      document.title = job ? `${isOver(job) ? job.state : percent(job) + " %"} · ${job.name} – Glint` : "Glint";
      if (!job) return;
      text($("job-name"), job.name || job.id);
      text($("job-state"), job.state);
      attribute($("job-state"), "data-state", job.state);
      const left = secondsLeft(job);
      text($("job-progress"), `${percent(job)} % · ${plain.format(job.finishedFrameCount)} of ${
        counted(job.frameCount, "frame")}` + (left !== null && left > 0 ? ` · ${remaining(left)} left` : ""));
      $("job-reason").hidden = !job.reason;
      text($("job-reason"), job.reason ?? "");
      if (!$("job-bar").firstChild) $("job-bar").append(makeBar("Progress of the job"));
      fillBar($("job-bar").firstChild, job);
      keyed($("actions"), actions.filter(([, , fits]) => fits(job)), ([name]) => name,
        ([name, label]) => {
          const about = { type: "button", class: name === "cancel" ? "danger" : null, onclick: () => act(name) };
          return make("button", about, label);
        }, () => { });
      showJobFacts(job);
    }

    async function act(name) {
      const id = state.jobID;
      if (name === "cancel") {
        const dialog = $("confirm");
        text($("confirm-name"), summary().name);
        dialog.returnValue = "";
        dialog.showModal();
        await new Promise(done => dialog.addEventListener("close", done, { once: true }));
        if (dialog.returnValue !== "cancel") return;
      }
      const buttons = $("actions").querySelectorAll("button");
      const hadFocus = $("actions").contains(document.activeElement);
      for (const button of buttons) button.disabled = true;
      try {
        await ask(`v1/jobs/${encodeURIComponent(id)}/${name}`, { method: "POST" });
        if (id === state.jobID) takeDetail(await get("v1/jobs/" + encodeURIComponent(id)));
      } catch (fault) {
        toast(fault instanceof Fault ? fault.message : "The master does not answer.");
      }
      for (const button of buttons) button.disabled = false;
      if (hadFocus && !$("actions").contains(document.activeElement)) $("actions").querySelector("button")?.focus();
      wantJobs(true);
      wantDetail(true);
    }

    /// - Parameter facts: Names with values: text, elements or null for nothing.
    function showFacts(list, facts) {
      keyed(list, facts.filter(([, value]) => value !== null), ([name]) => name,
        ([name]) => make("div", null, make("dt", null, name), make("dd")),
        (element, [, value, more]) => {
          const place = element.lastChild, words = String(value);
          attribute(place, "title", more);
          if (place.words === words) return;
          place.words = words;
          if (value instanceof Hash) {
            element.className = "wide";
            place.replaceChildren(make("span", { class: "mono", title: value.hex }, short(value.hex)),
              makeCopy(value.name, () => value.hex));
          } else {
            element.className = "";
            text(place, words);
          }
        });
    }
    class Hash {
      constructor(name, hex) { this.name = name; this.hex = hex; }
      toString() { return "#" + this.hex; }
    }
    const exactly = value => [count(value), value < 1e5 ? null : plain.format(value)];

    function showJobFacts(job) {
      const done = frames().filter(frame => frame.state === "finished");
      const sum = name => done.reduce((sum, frame) => sum + frame[name], 0);
      const left = secondsLeft(job), unchecked = job.receivedUnitCount - job.finishedUnitCount;
      showFacts($("job-facts"), [
        ["Size", `${job.spec.width} × ${job.spec.height}`],
        ["Samples", plain.format(job.spec.samples)],
        ["Bounces", plain.format(job.spec.bounces)],
        ["Filter", job.spec.filter],
        ["Camera", plain.format(job.spec.camera)],
        ["Frames", frameNames(job)],
        ["Priority", String(job.priority)],
        ["Units", `${plain.format(job.finishedUnitCount)} of ${plain.format(job.unitCount)}`],
        ["Being checked", unchecked > 0 ? counted(unchecked, "unit") : null],
        ["Rays", done.length ? exactly(sum("rays"))[0] : null, exactly(sum("rays"))[1]],
        ["Agents’ time", done.length ? duration(sum("seconds")) : null],
        ["Begun", moment.format(new Date(1000 * job.createdAt))],
        [isOver(job) ? "Took" : "Running for", duration(Math.max(0, (job.endedAt ?? now()) - job.createdAt))],
        ["Time left", job.state !== "active" ? null : left !== null ? remaining(left)
          : state.agents.some(agent => agent.state === "working") ? "measuring…" : "waiting for agents"],
        ["Scene", new Hash("the scene's hash", job.spec.bundle)],
        ["Job’s id", new Hash("the job's id", job.id)],
      ]);
    }

    function showFrameFacts() {
      const frame = frameAt(state.frame);
      if (!frame) return showFacts($("frame-facts"), []);
      const isDone = frame.state === "finished";
      showFacts($("frame-facts"), [
        ["Number", String(frame.number)],
        ["State", frame.state],
        ["Units", (isDone ? "" : plain.format(frame.finishedUnitCount) + " of ") + plain.format(frame.unitCount)],
        ["Rendered", isDone ? null : counted(frame.receivedUnitCount, "unit")],
        ["Rays", isDone ? exactly(frame.rays)[0] : null, exactly(frame.rays)[1]],
        ["Agents’ time", isDone ? duration(frame.seconds) : null],
        ["Rays a second", isDone && frame.seconds > 0 ? count(Math.round(frame.rays / frame.seconds)) : null],
        ["Digest", frame.digest ? new Hash("the frame's digest", frame.digest) : null],
      ]);
    }

    // MARK: The farm

    function showStatus() {
      const { version, kernelRevision, jobCount, activeJobCount, agentCount } = state.status;
      text($("status"), [`${counted(activeJobCount, "active job")} of ${plain.format(jobCount)}`,
        counted(agentCount, "agent"), "version " + version, "kernel " + kernelRevision].join(" · "));
    }

    const rank = { working: 0, idle: 1, away: 2, banned: 3 };

    function showAgents() {
      const agents = [...state.agents].sort((a, b) =>
        (rank[a.state] ?? 9) - (rank[b.state] ?? 9) || a.name.localeCompare(b.name) || (a.key < b.key ? -1 : 1));
      keyed($("agents"), agents, agent => agent.key, agent => {
        const parts = {
          name: make("bdi", { class: "cut" }), why: make("span", { class: "why", dir: "auto" }),
          word: make("span", { class: "state" }),
          badge: make("span", { class: "badge", title: "All its units are still checked" }, "on probation"),
          threads: make("td", { class: "number" }), leases: make("td", { class: "number" }),
          units: make("td", { class: "number" }), owner: make("span", { class: "mono", title: agent.contributor }),
        };
        const row = make("tr", null, make("th", { scope: "row" }, parts.name),
          make("td", null, parts.word, parts.badge, parts.why),
          parts.threads, parts.leases, parts.units, make("td", null, parts.owner));
        row.parts = parts;
        return row;
      }, ({ parts }, agent) => {
        text(parts.name, agent.name);
        attribute(parts.name, "title", agent.name);
        text(parts.word, agent.state);
        attribute(parts.word, "data-state", agent.state);
        parts.badge.hidden = !agent.isOnProbation || agent.state === "banned";
        text(parts.why, agent.reason ?? "");
        text(parts.threads, plain.format(agent.threadCount));
        text(parts.leases, plain.format(agent.leaseCount));
        text(parts.units, plain.format(agent.unitCount));
        text(parts.owner, short(agent.contributor));
      });
      $("no-agents").hidden = agents.length > 0;
      $("agents").closest(".scroll").hidden = agents.length === 0;
      text($("agent-command"), "glint agent --master " + base.href.replace(/\/$/, ""));
    }

    function showCredits() {
      const credits = [...state.credits].sort((a, b) => b.rays - a.rays || (a.contributor < b.contributor ? -1 : 1));
      const columns = ["unitCount", "rays", "paths", "shadingEvaluations", "checkCount", "checkRays"];
      keyed($("credits"), credits, credit => credit.contributor, credit =>
        make("tr", null,
          make("th", { scope: "row" },
            make("span", { class: "mono", title: credit.contributor }, short(credit.contributor)),
            makeCopy("the contributor's key " + short(credit.contributor), () => credit.contributor)),
          ...columns.map(() => make("td", { class: "number" }))),
        (row, credit) => columns.forEach((name, place) => {
          const [value, more] = exactly(credit[name]);
          text(row.children[place + 1], value);
          attribute(row.children[place + 1], "title", more);
        }));
      $("no-credits").hidden = credits.length > 0;
      $("credits").closest(".scroll").hidden = credits.length === 0;
    }

    // MARK: The address

    function readAddress() {
      const fields = new URLSearchParams(location.hash.slice(1));
      const frame = fields.get("frame");
      return { job: fields.get("job"), frame: frame !== null && /^-?\d+$/.test(frame) ? Number(frame) : null };
    }
    function writeAddress(remember = false) {
      if (!state.jobID) return;
      const fields = new URLSearchParams({ job: state.jobID });
      if (state.frame !== null && !state.follow) fields.set("frame", state.frame);
      if (location.hash.slice(1) === fields.toString()) return;
      history[remember ? "pushState" : "replaceState"](null, "", "#" + fields);
    }
    addEventListener("popstate", () => {
      const { job, frame } = readAddress();
      if (job && state.jobs.some(listed => listed.id === job)) selectJob(job, frame);
    });
    """#
}
