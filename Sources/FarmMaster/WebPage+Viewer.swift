extension WebPage {
  /// The pictures: the big one, the strip of frames, playing.
  static let viewerScript = #"""
    const pictureOf = (job, number) => `v1/jobs/${encodeURIComponent(job)}/frames/${number}.png`;
    const previewOf = (job, number) => `v1/jobs/${encodeURIComponent(job)}/frames/${number}/preview.png`;
    const tilesOf = (job, number) => `v1/jobs/${encodeURIComponent(job)}/frames/${number}/tiles`;

    // MARK: Files of finished pictures

    /// The files last used, while they fit.
    const files = { byNumber: new Map(), bytes: 0, limit: 192 << 20 };
    /// Ends every download that belongs to the job shown.
    let downloads = new AbortController();

    /// One limit for each download, and the end of all when another job is shown.
    function untilLeft() {
      const own = new AbortController(), timer = setTimeout(() => own.abort(), 120000);
      const end = () => own.abort();
      downloads.signal.addEventListener("abort", end);
      downloads.signal.aborted && end();
      const all = downloads.signal;
      return { signal: own.signal, done: () => { clearTimeout(timer); all.removeEventListener("abort", end); } };
    }

    async function download(path) {
      const { signal, done } = untilLeft();
      try { return await (await ask(path, { signal })).blob(); } finally { done(); }
    }

    /// The file of a finished frame's picture, a promise.
    function fileOf(number) {
      const known = files.byNumber.get(number);
      if (known) {
        files.byNumber.delete(number);
        files.byNumber.set(number, known);
        return known.promise;
      }
      const { signal, done } = untilLeft(), entry = { size: 0, promise: null };
      entry.promise = (async () => {
        try {
          // Finished pictures do not change: the browser may keep them if the master says so.
          const blob = await (await ask(pictureOf(state.jobID, number), { cache: "default", signal })).blob();
          if (files.byNumber.get(number) !== entry) return blob;
          entry.size = blob.size;
          files.bytes += blob.size;
          for (const [other, old] of files.byNumber) {
            if (files.bytes <= files.limit) break;
            if (old === entry || old.size === 0) continue;
            files.bytes -= old.size;
            files.byNumber.delete(other);
          }
          return blob;
        } catch (fault) {
          if (files.byNumber.get(number) === entry) files.byNumber.delete(number);
          throw fault;
        } finally {
          done();
        }
      })();
      files.byNumber.set(number, entry);
      return entry.promise;
    }

    function clearPictures() {
      player.stop();
      downloads.abort();
      downloads = new AbortController();
      files.byNumber.clear();
      files.bytes = 0;
      thumbs.clear();
      clearTimeout(shown.late);
      Object.assign(shown, { wanted: null, job: null, number: null, kind: null });
      dropPicture();
      showTiles([]);
      keyed($("cells"), [], cell => cell, null, null);
    }

    // MARK: The big picture

    /// What the big view holds, and what it shall hold next.
    const shown = { job: null, number: null, kind: null, wanted: null, isBusy: false, url: null, late: 0 };

    const isStarted = frame => frame.receivedUnitCount > 0;

    function dropPicture() {
      $("picture").hidden = true;
      $("picture").removeAttribute("src");
      $("stage").removeAttribute("data-stale");
      if (shown.url) URL.revokeObjectURL(shown.url);
      shown.url = null;
    }

    /// Brings the view to the frame selected. Asked for faster than pictures come, it shows those it can and ends on
    /// the last.
    function showPicture(isNews = false) {
      const frame = frameAt(state.frame), job = state.jobID;
      if (!frame || player.isOn) return;
      const kind = frame.state === "finished" ? "finished" : isStarted(frame) ? "preview" : "none";
      const isSame = shown.job === job && shown.number === frame.number && shown.kind === kind;
      if (isSame && !(isNews && kind === "preview")) return;
      clearTimeout(shown.late);
      if (kind === "none") {
        shown.wanted = null;
        Object.assign(shown, { job, number: frame.number, kind });
        dropPicture();
        return note(isOver(summary()) ? "This frame was not rendered." : "Waiting for the first tile");
      }
      shown.wanted = { job, number: frame.number, kind };
      // A picture that is not of this frame must not pass for it.
      if (shown.job !== job || shown.number !== frame.number) {
        shown.late = setTimeout(() => {
          attribute($("stage"), "data-stale", "");
          note("Loading…");
        }, 250);
      }
      if (!shown.isBusy) load();
    }

    async function load() {
      shown.isBusy = true;
      while (shown.wanted) {
        const { job, number, kind } = shown.wanted;
        shown.wanted = null;
        let blob = null, problem = "";
        try {
          blob = kind === "finished" ? await fileOf(number) : await download(previewOf(job, number));
        } catch (fault) {
          if (fault.status === 401) break;
          problem = fault.status === 404 && kind === "preview" ? "Waiting for the first tile"
            : fault instanceof Fault ? fault.message : "The picture did not come.";
        }
        if (job !== state.jobID) continue;
        if (blob) {
          const url = URL.createObjectURL(blob), picture = new Image();
          picture.src = url;
          try {
            await picture.decode();
          } catch {
            URL.revokeObjectURL(url);
            blob = null;
            problem = "The picture cannot be read.";
          }
          if (job !== state.jobID) { URL.revokeObjectURL(url); continue; }
          if (blob) {
            const old = shown.url;
            picture.id = "picture";
            picture.draggable = false;
            picture.hidden = player.isOn;
            picture.alt = `Frame ${number}, ${kind === "finished" ? "finished" : "as far as it is rendered"}`;
            $("picture").replaceWith(picture);
            shown.url = url;
            if (old) URL.revokeObjectURL(old);
          }
        }
        const isHeld = shown.url !== null && shown.job === job && shown.number === number;
        Object.assign(shown, { job, number, kind });
        if (number === state.frame) clearTimeout(shown.late);
        if (blob || isHeld) {
          $("stage").removeAttribute("data-stale");
          note("");
        } else if (number === state.frame) {
          dropPicture();
          note(problem);
        }
        if (!blob && number === state.frame) {
          shown.kind = null;
          // The next news of the frame, or this, tries again.
          setTimeout(() => {
            if (state.jobID === job && state.frame === number && shown.kind === null) showPicture();
          }, 5000);
        }
        fit();
      }
      shown.isBusy = false;
    }

    function note(message) {
      text($("placeholder"), message);
    }

    /// Sizes the view's stage for the job's picture.
    function fit() {
      const job = summary();
      if (!job) return;
      const { width, height } = job.spec;
      $("viewport").style.setProperty("--ratio", width / height);
      $("viewport").style.setProperty("--exact", width / devicePixelRatio + "px");
      // Magnified, pixels shall be seen as they are.
      $("stage").toggleAttribute("data-coarse", $("stage").clientWidth * devicePixelRatio > 2 * width);
    }
    new ResizeObserver(() => { fit(); showOverview(); showStrip(); }).observe($("viewport"));

    // MARK: Tiles in work

    const wantLive = throttled(() => 500, async () => {
      const frame = frameAt(state.frame), job = state.jobID;
      if (!frame || player.isOn) return;
      showPicture(true);
      if (frame.state === "finished" || isOver(summary())) return showTiles([]);
      let tiles = [];
      try {
        tiles = (await get(tilesOf(job, frame.number))).tiles;
      } catch (fault) {
        if (fault.status !== 404) throw fault;
      }
      if (job === state.jobID && frame.number === state.frame) showTiles(tiles);
    });
    // Agents take tiles without an event.
    setInterval(() => {
      const frame = frameAt(state.frame);
      if (frame && frame.state !== "finished" && summary().state === "active") wantLive();
    }, 3000);

    function hue(name) {
      let sum = 0;
      for (const character of name) sum = (sum * 31 + character.codePointAt(0)) >>> 0;
      return (sum * 137.508) % 360;
    }

    function showTiles(tiles) {
      const spec = summary()?.spec;
      const seen = new Map();
      keyed($("tiles"), spec ? tiles : [], ({ x, y, width, height, agent }) => {
        const name = [x, y, width, height, agent].join(" "), copies = (seen.get(name) ?? 0) + 1;
        seen.set(name, copies);
        return name + " " + copies;
      }, ({ x, y, width, height, agent }) => {
        const tile = make("div", { class: "tile" }, make("span", { dir: "auto" }, agent));
        const part = (value, whole) => 100 * value / whole + "%";
        Object.assign(tile.style, {
          left: part(x, spec.width), top: part(y, spec.height),
          width: part(width, spec.width), height: part(height, spec.height),
        });
        tile.style.setProperty("--hue", hue(agent).toFixed(0));
        return tile;
      }, () => { });
      shown.tiles = tiles.length;
      shown.hands = new Set(tiles.map(tile => tile.agent)).size;
      showCaption();
    }

    // MARK: The frame selected

    function showFrame() {
      fit();
      showCaption();
      if (!player.isOn) {
        showFrameFacts();
        showPicture();
      }
      const frame = frameAt(state.frame), last = frames().length - 1, place = state.places.get(state.frame) ?? 0;
      const job = summary();
      if (frame?.state === "finished" || (job && isOver(job))) showTiles([]);
      $("previous").disabled = $("next").disabled = last < 1;
      $("follow").hidden = !job || isOver(job) || last < 1;
      attribute($("follow"), "aria-pressed", state.follow);
      if (document.activeElement !== $("scrub") || Number($("scrub").value) !== place) $("scrub").value = place;
      attribute($("scrub"), "aria-valuetext", frame ? `Frame ${frame.number}, ${frame.state}` : null);
    }

    function showCaption() {
      const frame = frameAt(state.frame);
      text($("frame-name"), frame ? `Frame ${frame.number}` : "");
      let words = "";
      if (frame && player.isOn) words = player.isStarved ? "loading…" : "playing at 24 fps";
      else if (frame) {
        const isBetween = frame.state === "rendering" || frame.state === "checking";
        words = frame.state + (isBetween ? `, ${percent(frame)} %` : "");
        if (shown.tiles > 0) words += ` · ${counted(shown.tiles, "tile")} in work by ${counted(shown.hands, "agent")}`;
      }
      text($("frame-note"), words);
    }

    /// - Parameter follow: Whether the view goes on following the work.
    function selectFrame(number, follow = false) {
      if (!frameAt(number)) return;
      const isOther = number !== state.frame;
      state.frame = number;
      state.follow = follow;
      if (isOther && !player.isOn) showTiles([]);
      showFrame();
      showStrip(true);
      if (player.isOn) return;
      writeAddress();
      if (isOther) wantLive();
    }

    function step(by) {
      if (!frames().length) return;
      player.stop();
      const place = (state.places.get(state.frame) ?? 0) + by;
      selectFrame(frames()[Math.max(0, Math.min(frames().length - 1, place))].number);
    }

    /// A unit of a frame of this job came in.
    function touch(number) {
      const time = performance.now();
      if (number === state.frame) {
        state.lastTouched = time;
        return wantLive();
      }
      // Of a farm that works on many frames at a time, follow one for as long as it moves.
      if (!state.follow || player.isOn || time - state.lastTouched < 2000) return;
      if (!frameAt(number) || frameAt(number).state === "finished") return;
      state.lastTouched = time;
      selectFrame(number, true);
    }

    $("previous").addEventListener("click", () => step(-1));
    $("next").addEventListener("click", () => step(1));
    $("scrub").addEventListener("input", () => {
      player.stop();
      const frame = frames()[Number($("scrub").value)];
      if (frame) selectFrame(frame.number);
    });
    $("follow").addEventListener("click", () => {
      player.stop();
      state.follow = !state.follow;
      if (state.follow && state.detail) selectFrame(firstShown(state.detail) ?? state.frame, true);
      else { showFrame(); writeAddress(); }
    });
    $("outlines").addEventListener("click", () => {
      const isOn = $("tiles").hidden;
      $("tiles").hidden = !isOn;
      attribute($("outlines"), "aria-pressed", isOn);
    });
    $("zoom").addEventListener("click", () => {
      const isOn = $("viewport").toggleAttribute("data-zoom");
      attribute($("zoom"), "aria-pressed", isOn);
      fit();
    });
    $("full").hidden = !document.fullscreenEnabled;
    $("full").addEventListener("click", () => {
      if (document.fullscreenElement) document.exitFullscreen();
      else document.querySelector(".viewer").requestFullscreen().catch(() => toast("The browser refused."));
    });
    document.addEventListener("fullscreenchange", () => {
      text($("full"), document.fullscreenElement ? "Leave full screen" : "Full screen");
    });
    addEventListener("keydown", event => {
      if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
      if (state.lockedOut || $("confirm").open || !frames().length) return;
      if (event.target.closest?.("input, textarea, .scroll")) return;
      if (event.key === " " && event.target.closest?.("button, a")) return;
      const moves = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), " ": () => player.toggle() };
      const inFrames = event.target.closest?.(".viewer, #sequence");
      if (inFrames) Object.assign(moves, { Home: () => step(-Infinity), End: () => step(Infinity) });
      const move = moves[event.key];
      if (!move) return;
      event.preventDefault();
      move();
    });

    // MARK: The strip

    const pitch = 116;
    /// Small pictures by frame: {kind, bitmap, isMissing, units, time}; those last used.
    const thumbs = new Map();
    const thumbLimit = 800;
    let thumbsLoading = 0, thumbTimer = 0;

    function showSequence(isFirst) {
      const total = frames().length;
      $("sequence").hidden = total < 2;
      $("cells").style.width = total * pitch + "px";
      $("scrub").max = Math.max(0, total - 1);
      showStrip(isFirst);
      showOverview();
    }

    /// Makes the cells that can be seen, and no others.
    /// - Parameter reveal: Whether to scroll to the frame selected.
    function showStrip(reveal = false) {
      const strip = $("strip"), all = frames(), width = strip.clientWidth;
      if (!width) return;
      const place = state.places.get(state.frame);
      if (reveal && place !== undefined) {
        const left = place * pitch, isSeen = left >= strip.scrollLeft && left + pitch <= strip.scrollLeft + width;
        if (!isSeen) strip.scrollLeft = left - (width - pitch) / 2;
      }
      const first = Math.max(0, Math.floor(strip.scrollLeft / pitch) - 2);
      const end = Math.min(all.length, Math.ceil((strip.scrollLeft + width) / pitch) + 2);
      keyed($("cells"), all.slice(first, end), frame => frame.number, frame => {
        const canvas = make("canvas", { width: 204, height: 114, "aria-hidden": true });
        const name = make("b", null, frame.number), word = make("span"), bar = makeBar("Progress");
        bar.removeAttribute("role");
        const pick = () => { player.stop(); selectFrame(frame.number); };
        const cell = make("div", { class: "cell", role: "option", id: "frame-" + frame.number, onclick: pick }, canvas,
          make("div", { class: "label" }, name, word), bar);
        cell.parts = { canvas, word, bar, drawn: null };
        return cell;
      }, (cell, frame) => {
        const { canvas, word, bar } = cell.parts, place = state.places.get(frame.number);
        cell.style.transform = `translateX(${place * pitch}px)`;
        attribute(cell, "data-state", frame.state);
        attribute(cell, "aria-setsize", all.length);
        attribute(cell, "aria-posinset", place + 1);
        attribute(cell, "aria-selected", frame.number === state.frame);
        attribute(cell, "aria-label", `Frame ${frame.number}, ${frame.state}`);
        text(word, frame.state === "rendering" || frame.state === "checking" ? percent(frame) + " %"
          : frame.state === "finished" ? "✓" : "");
        fillBar(bar, frame);
        const thumb = thumbs.get(frame.number);
        if (thumb?.bitmap && cell.parts.drawn !== thumb) {
          cell.parts.drawn = thumb;
          canvas.width = thumb.bitmap.width;
          canvas.height = thumb.bitmap.height;
          canvas.getContext("2d").drawImage(thumb.bitmap, 0, 0);
        }
      });
      const selected = $("frame-" + state.frame);
      attribute($("strip"), "aria-activedescendant", selected ? selected.id : null);
      wantThumbs();
    }
    $("strip").addEventListener("scroll", () => requestAnimationFrame(() => showStrip()), { passive: true });

    /// Waits until the strip is still, then loads small pictures of the frames to be seen.
    function wantThumbs() {
      clearTimeout(thumbTimer);
      thumbTimer = setTimeout(loadThumbs, 120);
    }

    function loadThumbs() {
      if (document.hidden || state.lockedOut || player.isOn) return;
      const strip = $("strip"), time = performance.now();
      const first = Math.max(0, Math.floor(strip.scrollLeft / pitch));
      const seen = frames().slice(first, Math.ceil((strip.scrollLeft + strip.clientWidth) / pitch));
      while (thumbsLoading < 2) {
        const frame = seen.find(frame => {
          const thumb = thumbs.get(frame.number);
          if (frame.state === "finished") {
            return thumb?.kind !== "finished" || (thumb.isMissing && time - thumb.time > 15000);
          }
          // Previews are the master's work: one now and then will do.
          return isStarted(frame) && (!thumb || (thumb.units !== frame.receivedUnitCount && time - thumb.time > 12000));
        });
        if (!frame) return;
        loadThumb(frame);
      }
    }

    async function loadThumb(frame) {
      const job = state.jobID, old = thumbs.get(frame.number);
      const kind = frame.state === "finished" ? "finished" : "preview";
      const thumb = {
        kind, bitmap: old?.bitmap ?? null, isMissing: true, units: frame.receivedUnitCount, time: performance.now(),
      };
      thumbs.delete(frame.number);
      thumbs.set(frame.number, thumb);
      if (thumbs.size > thumbLimit) thumbs.delete(thumbs.keys().next().value);
      thumbsLoading += 1;
      try {
        const blob = kind === "finished" ? await fileOf(frame.number) : await download(previewOf(job, frame.number));
        const bitmap = await thumbOf(blob);
        if (job === state.jobID && thumbs.get(frame.number) === thumb) {
          thumbs.set(frame.number, { ...thumb, bitmap, isMissing: false });
        }
      } catch { }
      thumbsLoading -= 1;
      if (job === state.jobID) showStrip();
    }

    function thumbOf(image) {
      const { width, height } = state.detail.job.spec, scale = Math.min(204 / width, 114 / height, 1);
      return shrunk(image, width * scale, height * scale);
    }

    function shrunk(image, width, height) {
      const whole = value => Math.max(1, Math.round(value));
      const size = { resizeWidth: whole(width), resizeHeight: whole(height) };
      return createImageBitmap(image, { ...size, resizeQuality: "high" });
    }

    /// All frames in one line, coloured by state.
    function showOverview() {
      const canvas = $("overview"), all = frames(), width = Math.round(canvas.clientWidth * devicePixelRatio);
      if (!width || !all.length) return;
      if (canvas.width !== width) canvas.width = width;
      const context = canvas.getContext("2d"), ink = { finished: "#d4d4d4", checking: "#a0a0a0", rendering: "#8a8a8a" };
      context.clearRect(0, 0, width, 6);
      for (let place = 0; place < all.length;) {
        const frame = all[place];
        let end = place + 1;
        while (end < all.length && all[end].state === frame.state) end += 1;
        if (ink[frame.state]) {
          context.fillStyle = ink[frame.state];
          context.fillRect(width * place / all.length, 0, Math.max(1, width * (end - place) / all.length), 6);
        }
        place = end;
      }
    }
    """#
}
