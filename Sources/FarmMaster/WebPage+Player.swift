extension WebPage {
  /// Playing finished frames; begins the page at its end.
  static let playerScript = #"""
    const player = {
      isOn: false, isStarved: false, numbers: [], place: 0, due: 0, bitmaps: new Map(), loading: 0, size: null,

      update() {
        const now = frames().filter(frame => frame.state === "finished").map(frame => frame.number);
        $("play").disabled = now.length < 2;
        if (now.length === this.numbers.length) return;
        const current = this.numbers[this.place];
        this.numbers = now;
        this.place = Math.max(0, now.indexOf(current));
      },

      toggle() {
        if (this.isOn) this.stop();
        else if (this.numbers.length > 1) this.start();
      },

      start() {
        const { width, height } = summary().spec;
        const scale = Math.min(1, $("stage").clientWidth * devicePixelRatio / width);
        this.size = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
        this.isOn = true;
        this.isStarved = true;
        this.due = 0;
        this.place = Math.max(0, this.numbers.indexOf(state.frame));
        state.follow = false;
        showTiles([]);
        attribute($("play"), "aria-pressed", true);
        attribute($("play"), "aria-label", "Stop");
        const run = this.run = {};
        const tick = time => {
          if (!this.isOn || this.run !== run) return;
          requestAnimationFrame(tick);
          this.tick(time);
        };
        requestAnimationFrame(tick);
      },

      stop() {
        if (!this.isOn) return;
        this.isOn = false;
        for (const bitmap of this.bitmaps.values()) bitmap?.close?.();
        this.bitmaps.clear();
        attribute($("play"), "aria-pressed", false);
        attribute($("play"), "aria-label", "Play finished frames");
        // The last frame drawn stays until its picture is there in full.
        const job = state.jobID, number = state.frame;
        Object.assign(shown, { number: null, kind: null });
        showFrame();
        writeAddress();
        wantLive();
        wantThumbs();
        const end = time => {
          if (this.isOn) return;
          const isLoaded = shown.number === state.frame && !$("picture").hidden;
          if (isLoaded || state.jobID !== job || state.frame !== number || performance.now() - begin > 250) {
            $("screen").hidden = true;
            $("picture").hidden = !shown.url;
          } else {
            requestAnimationFrame(end);
          }
        };
        const begin = performance.now();
        requestAnimationFrame(end);
      },

      tick(time) {
        this.fill();
        if (time < this.due) return;
        const number = this.numbers[this.place], bitmap = this.bitmaps.get(number);
        if (bitmap === null) {
          this.place = (this.place + 1) % this.numbers.length;
          return;
        }
        if (bitmap === undefined) {
          if (!this.isStarved) { this.isStarved = true; showCaption(); }
          return;
        }
        const screen = $("screen");
        if (screen.hidden || screen.width !== bitmap.width || screen.height !== bitmap.height) {
          screen.width = bitmap.width;
          screen.height = bitmap.height;
          screen.hidden = false;
          $("picture").hidden = true;
          $("stage").removeAttribute("data-stale");
          note("");
        }
        screen.getContext("2d").drawImage(bitmap, 0, 0);
        this.isStarved = false;
        // Late by less than a frame: catch up. By more: go on from now.
        this.due = time - this.due > 1000 / 24 ? time + 1000 / 24 : this.due + 1000 / 24;
        this.place = (this.place + 1) % this.numbers.length;
        selectFrame(number);
      },

      /// Keeps as many of the frames to come decoded as memory allows.
      fill() {
        const limit = (navigator.deviceMemory ?? 8) <= 4 ? 96 << 20 : 320 << 20, total = this.numbers.length;
        const ahead = Math.min(total, Math.max(2, Math.floor(limit / (4 * this.size.width * this.size.height))));
        if (this.bitmaps.size > ahead) {
          const near = new Set();
          for (let i = 0; i < ahead; i += 1) near.add(this.numbers[(this.place + i) % total]);
          for (const [number, bitmap] of this.bitmaps) {
            if (near.has(number)) continue;
            bitmap?.close?.();
            this.bitmaps.delete(number);
          }
        }
        for (let i = 0; i < ahead && this.loading < 3; i += 1) {
          const number = this.numbers[(this.place + i) % total];
          if (!this.bitmaps.has(number)) this.load(number);
        }
      },

      async load(number) {
        const run = this.run;
        this.bitmaps.set(number, undefined);
        this.loading += 1;
        let bitmap = null;
        try {
          bitmap = await shrunk(await fileOf(number), this.size.width, this.size.height);
          if (this.run === run && thumbs.get(number)?.kind !== "finished") {
            const thumb = await thumbOf(bitmap);
            if (this.run === run) thumbs.set(number, { kind: "finished", bitmap: thumb, units: 0, time: 0 });
          }
        } catch { }
        this.loading -= 1;
        if (this.isOn && this.run === run && this.bitmaps.has(number)) this.bitmaps.set(number, bitmap);
        else bitmap?.close?.();
      },
    };
    $("play").addEventListener("click", () => player.toggle());

    connect();
    wantAll();
    """#
}
