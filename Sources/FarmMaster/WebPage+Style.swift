extension WebPage {
  /// Greys without a tint, so that nothing beside a picture colours the eye.
  static let style = #"""
    :root {
      color-scheme: dark;
      --ground: #1a1a1a; --card: #232323; --raised: #303030; --line: #3a3a3a; --surround: #2e2e2e;
      --text: #ececec; --muted: #b0b0b0; --strong: #ffffff;
      --finished: #d4d4d4; --received: #808080; --track: #3d3d3d;
      --green: #7fc08a; --amber: #e0b060; --red: #f08a80; --blue: #8ab4e8;
      --focus: #ffffff;
      font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
    }
    *, *::before { box-sizing: border-box; }
    [hidden] { display: none !important; }
    body { margin: 0; background: var(--ground); color: var(--text); }
    h1, h2, h3, p, ul, dl, dd, figure { margin: 0; padding: 0; }
    h1 { font-size: 1.1rem; display: flex; align-items: center; gap: .45rem; letter-spacing: .01em; }
    h2 { font-size: 1rem; }
    h3 { font-size: .8rem; color: var(--muted); font-weight: 600; }
    code { font: .9em ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
    .muted { color: var(--muted); }
    .fault { color: var(--red); }
    .mono { font: .88em ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
    .row { display: flex; align-items: center; gap: .5rem; flex-wrap: wrap; }
    .end { justify-content: flex-end; }
    .card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .9rem 1rem; }
    .empty { color: var(--muted); }
    .card > .empty { margin-top: .6rem; }
    .notice { padding: 1rem; }
    .skip { position: absolute; left: -999px; }
    .skip:focus { left: .5rem; top: .5rem; z-index: 9; background: var(--raised); color: var(--strong);
      padding: .5rem; }
    :focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
    main:focus { outline: none; }

    button, input { font: inherit; color: inherit; }
    button {
      background: var(--raised); border: 1px solid #4c4c4c; border-radius: 6px; padding: .34rem .75rem;
      min-height: 2.1rem;
      cursor: pointer; transition: background .12s;
    }
    button:hover:not(:disabled) { background: #3e3e3e; }
    button:disabled { color: #7c7c7c; border-color: var(--line); cursor: default; }
    button.strong { background: #e6e6e6; border-color: #e6e6e6; color: #161616; }
    button.strong:hover:not(:disabled) { background: #fff; }
    button.danger { color: var(--red); }
    button.icon { padding: 0; width: 2.3rem; display: grid; place-items: center; }
    button.icon svg { width: 15px; height: 15px; fill: currentColor; }
    button.toggle { font-size: .85rem; padding: .25rem .6rem; background: none; color: var(--muted); }
    button.toggle[aria-pressed="true"] { background: #474747; color: var(--strong); border-color: #6a6a6a; }
    button.copy { border: 0; background: none; padding: 0 .35rem; min-height: 1.5rem; color: var(--muted);
      font-size: .8rem;
      text-decoration: underline; text-underline-offset: 2px; }
    #play .stop, #play[aria-pressed="true"] .play { display: none; }
    #play[aria-pressed="true"] .stop { display: inline; }
    input[type="password"] { background: #141414; border: 1px solid #5a5a5a; border-radius: 6px; padding: .4rem .6rem;
      flex: 1 1 14rem; min-width: 0; }

    .top { display: flex; align-items: center; gap: .4rem 1.2rem; padding: .7rem 1rem; flex-wrap: wrap;
      border-bottom: 1px solid var(--line); }
    .top #status { flex: 1; font-size: .88rem; }
    #connection { display: flex; align-items: center; gap: .45rem; font-size: .88rem; color: var(--muted);
      border-radius: 99px; padding: .15rem .7rem; border: 1px solid transparent; }
    #connection[data-state="lost"] { color: #1a1a1a; background: var(--amber); font-weight: 600; }
    .dot { width: .55rem; height: .55rem; border-radius: 50%; background: var(--muted); flex: none;
      display: inline-block; }
    #connection[data-state="live"] .dot { background: var(--green); }
    #connection[data-state="lost"] .dot { background: #1a1a1a; }

    #login { max-width: 30rem; margin: 12vh auto; display: grid; gap: .6rem; width: calc(100% - 2rem); }
    .page { display: grid; grid-template-columns: minmax(15rem, 19rem) minmax(0, 1fr); gap: 1rem; padding: 1rem;
      max-width: 2200px; margin: 0 auto; align-items: start; }
    main { display: grid; gap: 1rem; min-width: 0; }
    main > * { min-width: 0; }

    .jobs { position: sticky; top: 1rem; max-height: calc(100vh - 2rem); display: flex; flex-direction: column;
      padding: .9rem .5rem .5rem; }
    .jobs h2, .jobs .empty { padding: 0 .5rem .5rem; }
    #jobs { list-style: none; overflow: hidden auto; min-height: 0; display: grid; gap: 2px; align-content: start;
      grid-template-columns: minmax(0, 1fr); padding: 2px; scrollbar-width: thin; scrollbar-color: #666 transparent; }
    #jobs li { content-visibility: auto; contain-intrinsic-size: auto 5rem; }
    #jobs button { width: 100%; text-align: left; background: none; border-color: transparent; padding: .5rem;
      display: grid;
      gap: .3rem; }
    #jobs button:hover { background: #2b2b2b; }
    #jobs button[aria-current="true"] { background: #363636; border-color: #555; }
    #jobs .name { font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }
    #jobs .line { min-width: 0; display: flex; justify-content: space-between; gap: .6rem; align-items: baseline; }
    #jobs .small { font-size: .82rem; color: var(--muted); white-space: nowrap; }

    .state { display: inline-flex; align-items: center; gap: .4rem; white-space: nowrap; }
    .state::before { content: ""; width: .55rem; height: .55rem; border-radius: 50%; background: var(--muted);
      flex: none; }
    .state[data-state="active"]::before, .state[data-state="working"]::before { background: var(--green); }
    .state[data-state="finished"]::before { background: var(--finished); }
    .state[data-state="paused"]::before { background: none; border: 2px solid var(--amber); }
    .state[data-state="failed"]::before, .state[data-state="banned"]::before { background: var(--red);
      border-radius: 1px; }
    .state[data-state="cancelled"]::before, .state[data-state="away"]::before { background: none;
      border: 2px solid var(--muted); }
    .state[data-state="idle"]::before { background: var(--blue); }

    .bar { position: relative; height: 6px; border-radius: 3px; background: var(--track); overflow: hidden;
      display: block; }
    .bar i { position: absolute; inset: 0 auto 0 0; width: 0; background: var(--received);
      transition: width .3s linear; }
    .bar i + i { background: var(--finished); }

    #job { display: grid; gap: .75rem; min-width: 0; }
    #job > * { min-width: 0; }
    .job-head { display: flex; gap: .6rem 1rem; justify-content: space-between; align-items: flex-start;
      flex-wrap: wrap; }
    .job-title { min-width: 0; flex: 1 1 16rem; }
    .job-title h2 { font-size: 1.3rem; line-height: 1.25; overflow-wrap: anywhere; }
    .reason { background: #2c2621; border-left: 3px solid var(--amber); padding: .5rem .75rem;
      overflow-wrap: anywhere; }

    .viewer { border: 1px solid var(--line); border-radius: 8px; overflow: hidden; background: var(--card);
      display: flex; flex-direction: column; }
    .viewport { container-type: size; height: clamp(220px, 58vh, 1100px); background: var(--surround);
      position: relative;
      overflow: hidden; display: grid; place-items: center; }
    .viewport:focus-visible { outline-offset: -2px; }
    .stage { position: relative; aspect-ratio: var(--ratio); width: min(100cqw, 100cqh * var(--ratio)); }
    .stage img, .stage canvas { position: absolute; inset: 0; width: 100%; height: 100%; display: block;
      transition: opacity .15s; }
    .stage[data-coarse] img { image-rendering: pixelated; }
    .stage[data-stale] img { opacity: .25; }
    .viewport[data-zoom] { overflow: auto; place-items: safe center; }
    .viewport[data-zoom] .stage { width: var(--exact); }
    .placeholder { position: absolute; inset: 0; display: grid; place-items: center; text-align: center; color: #d0d0d0;
      padding: 1rem; pointer-events: none; }
    .placeholder:empty { display: none; }
    .tiles { position: absolute; inset: 0; pointer-events: none; }
    .tile { position: absolute; container-type: size; border: 1.5px solid hsl(var(--hue) 85% 72%); overflow: hidden;
      box-shadow: 0 0 0 1px #0009, inset 0 0 0 1px #0007; }
    .tile span { position: absolute; left: 0; top: 0; max-width: 100%; padding: 0 .3em; font-size: 11px;
      line-height: 1.45;
      background: hsl(var(--hue) 85% 72%); color: #111; white-space: nowrap; overflow: hidden;
      text-overflow: ellipsis; }
    @container (max-width: 30px) or (max-height: 16px) { .tile span { display: none; } }
    figcaption { display: flex; align-items: center; gap: .5rem 1rem; padding: .5rem .6rem; flex-wrap: wrap;
      border-top: 1px solid var(--line); }
    .caption { flex: 1 1 12rem; font-variant-numeric: tabular-nums; min-width: 0; }
    .viewer:fullscreen { border: 0; border-radius: 0; }
    .viewer:fullscreen .viewport { height: auto; flex: 1; }

    #sequence { display: grid; gap: .4rem; }
    .scrub { position: relative; display: grid; align-items: center; }
    .scrub > * { grid-area: 1 / 1; }
    #overview { width: 100%; height: 6px; border-radius: 3px; background: var(--track); }
    #scrub { width: 100%; margin: 0; height: 1.3rem; appearance: none; background: none; cursor: pointer;
      border-radius: 4px; }
    #scrub::-webkit-slider-thumb { appearance: none; width: 12px; height: 1.1rem; border-radius: 4px; background: #fff;
      border: 2px solid var(--ground); }
    #scrub::-moz-range-thumb { width: 9px; height: 1rem; border-radius: 4px; background: #fff;
      border: 2px solid var(--ground); }
    .strip { overflow-x: auto; overflow-y: hidden; height: 112px; border-radius: 6px; scrollbar-width: thin;
      scrollbar-color: #666 transparent; }
    .strip:focus-visible { outline-offset: 1px; }
    .cells { position: relative; height: 94px; }
    .cell { position: absolute; top: 0; left: 0; width: 112px; height: 92px; padding: 3px; border-radius: 6px;
      border: 2px solid transparent; cursor: pointer; overflow: hidden; contain: strict; }
    .cell:hover { background: #2c2c2c; }
    .cell[aria-selected="true"] { border-color: #f0f0f0; background: #383838; }
    .cell canvas { width: 102px; height: 57px; display: block; background: #2b2b2b; border-radius: 2px;
      object-fit: contain; }
    .cell[data-state="waiting"] canvas { background: repeating-linear-gradient(135deg, #292929 0 6px, #242424 6px 12px); }
    .cell .label { display: flex; justify-content: space-between; gap: .3rem; font-size: 11px; line-height: 1.6;
      color: var(--muted); font-variant-numeric: tabular-nums; white-space: nowrap; }
    .cell .label b { color: var(--text); font-weight: 600; }
    .cell .bar { height: 4px; }
    .cell .bar i { transition: none; }

    .facts { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 2fr); gap: .75rem; }
    .facts section { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
      padding: .7rem 1rem .85rem; }
    .facts dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr)); gap: .55rem 1rem;
      margin-top: .45rem; }
    .facts dt { font-size: .78rem; color: var(--muted); }
    .facts dd { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
    .facts .wide { grid-column: span 2; }

    .scroll { overflow-x: auto; margin-top: .4rem; }
    table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
    th { text-align: left; font-size: .8rem; color: var(--muted); font-weight: 600; }
    th, td { padding: .38rem 1.3rem .38rem 0; border-bottom: 1px solid var(--line); vertical-align: baseline; }
    th:last-child, td:last-child { padding-right: 0; }
    tbody tr:last-child > * { border-bottom: 0; }
    .number { text-align: right; white-space: nowrap; }
    tbody th, .mono { white-space: nowrap; }
    tbody th { color: var(--text); font-weight: 500; font-size: inherit; max-width: 18rem; }
    .cut { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .badge { font-size: .75rem; border: 1px solid #777; border-radius: 99px; padding: 0 .5rem; margin-left: .5rem;
      color: #cfcfcf; white-space: nowrap; }
    .why { display: block; color: var(--red); font-size: .82rem; overflow-wrap: anywhere; min-width: 12rem; }

    dialog { background: var(--card); color: inherit; border: 1px solid #5a5a5a; border-radius: 10px; max-width: 26rem;
      padding: 1.2rem; }
    dialog::backdrop { background: #000a; }
    dialog form { display: grid; gap: .8rem; }
    dialog strong { overflow-wrap: anywhere; }
    .toast { position: fixed; left: 50%; bottom: 1.2rem; transform: translateX(-50%); background: #ececec;
      color: #141414;
      padding: .5rem 1rem; border-radius: 6px; max-width: min(90vw, 40rem); overflow-wrap: anywhere; z-index: 5;
      box-shadow: 0 4px 20px #000a; }

    @media (max-width: 1150px) { .facts { grid-template-columns: minmax(0, 1fr); } }
    @media (max-width: 800px) {
      .page { grid-template-columns: minmax(0, 1fr); }
      .page { padding: .6rem; gap: .75rem; }
      .top { padding: .6rem .75rem; }
      .top #status { order: 3; flex-basis: 100%; }
      #connection { margin-left: auto; }
      .jobs { position: static; max-height: 34vh; }
      .viewport { height: clamp(180px, min(62vh, 100vw / var(--ratio, 1.6)), 800px); }
      button, button.toggle { min-height: 2.5rem; }
      button.copy { min-height: 1.8rem; }
      button.icon { width: 2.9rem; }
      #scrub { height: 1.8rem; }
      .card { padding: .75rem; }
      .jobs.card { padding: .75rem .3rem .3rem; }
    }
    @media (prefers-reduced-motion: reduce) {
      *, *::before, *::after { transition: none !important; animation: none !important;
      scroll-behavior: auto !important; }
    }
    @media (forced-colors: active) {
      .bar { border: 1px solid; } .bar i + i { background: CanvasText;
      } .state::before, .dot { border: 2px solid CanvasText; }
      .cell[aria-selected="true"] { border-color: Highlight; }
    }
    """#
}
