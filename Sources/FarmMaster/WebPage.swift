/// The page that the master serves at `/`: one document that needs nothing but the API (docs/protocol.md).
///
/// Names of jobs and agents come from strangers; the script hands them to the document as text, never as markup.
enum WebPage {
  static let html = [head, style, body, script, partsScript, viewerScript, playerScript, foot].joined(separator: "\n")

  private static let head = #"""
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="dark">
    <meta name="referrer" content="same-origin">
    <title>Glint</title>
    <link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect \#
    width='16' height='16' rx='3' fill='%232b2b2b'/%3E%3Cpath fill='%23f2f2f2' \#
    d='M8 2l1.3 4.7L14 8l-4.7 1.3L8 14l-1.3-4.7L2 8l4.7-1.3z'/%3E%3C/svg%3E">
    <style>
    """#

  private static let body = #"""
    </style>
    </head>
    <body>
    <a class="skip" href="#detail">Skip to the picture</a>
    <header class="top">
      <h1><svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true"><path fill="currentColor"
        d="M8 1l1.5 5.5L15 8l-5.5 1.5L8 15l-1.5-5.5L1 8l5.5-1.5z"/></svg>Glint</h1>
      <p id="status" class="muted"></p>
      <p id="connection" role="status"><span class="dot" aria-hidden="true"></span><span id="connection-text"
        >Connecting…</span></p>
    </header>
    <noscript><p class="notice">This page needs JavaScript. The command
      <code>glint jobs</code> tells the same.</p></noscript>

    <form id="login" class="card" hidden>
      <h2>This farm needs a token</h2>
      <p class="muted">It is the one line in the file that the master's <code>--token-file</code> names.</p>
      <input type="text" name="username" autocomplete="username" value="glint" hidden>
      <label for="token">Token</label>
      <div class="row">
        <input id="token" type="password" autocomplete="current-password" spellcheck="false" required>
        <button type="submit" class="strong">Log in</button>
      </div>
      <p id="login-fault" class="fault" role="alert"></p>
    </form>

    <div id="page" class="page">
      <nav class="card jobs" aria-labelledby="jobs-title">
        <h2 id="jobs-title">Jobs</h2>
        <ul id="jobs"></ul>
        <p id="no-jobs" class="empty" hidden>No jobs yet. <code>glint submit scene.glb</code> makes one.</p>
      </nav>

      <main id="detail" tabindex="-1">
        <section id="job" aria-labelledby="job-name" hidden>
          <div class="job-head">
            <div class="job-title">
              <h2 id="job-name" dir="auto"></h2>
              <p><span id="job-state" class="state"></span> <span id="job-progress" class="muted"></span></p>
            </div>
            <div id="actions" class="row" role="group" aria-label="Job"></div>
          </div>
          <p id="job-reason" class="reason" dir="auto" hidden></p>
          <div id="job-bar"></div>

          <figure class="viewer">
            <div id="viewport" class="viewport" tabindex="0" aria-label="Picture">
              <div id="stage" class="stage">
                <img id="picture" alt="" hidden>
                <canvas id="screen" hidden></canvas>
                <div id="tiles" class="tiles" aria-hidden="true"></div>
              </div>
              <p id="placeholder" class="placeholder"></p>
            </div>
            <figcaption>
              <div class="row transport" role="group" aria-label="Frames">
                <button id="previous" type="button" class="icon" aria-label="Previous frame" title="Previous frame (←)"
                  ><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M11 3v10L4 8z"/></svg></button>
                <button id="play" type="button" class="icon" aria-pressed="false"
                  aria-label="Play finished frames" title="Play finished frames (space)"
                  ><svg viewBox="0 0 16 16" aria-hidden="true"><path class="play" d="M4 2.5v11L13 8z"/><path
                  class="stop" d="M4 3h3v10H4zm5 0h3v10H9z"/></svg></button>
                <button id="next" type="button" class="icon" aria-label="Next frame" title="Next frame (→)"
                  ><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M5 3v10l7-5z"/></svg></button>
              </div>
              <p class="caption"><strong id="frame-name"></strong> <span id="frame-note" class="muted"></span></p>
              <div class="row tools">
                <button id="follow" type="button" class="toggle" aria-pressed="true"
                  title="Show the frame that is being rendered">Follow</button>
                <button id="outlines" type="button" class="toggle" aria-pressed="true"
                  title="Outline tiles that agents are rendering">Tiles</button>
                <button id="zoom" type="button" class="toggle" aria-pressed="false"
                  title="One pixel of the picture on one of the screen">1:1</button>
                <button id="full" type="button" class="toggle">Full screen</button>
              </div>
            </figcaption>
          </figure>

          <div id="sequence">
            <div class="scrub">
              <canvas id="overview" height="6" aria-hidden="true"></canvas>
              <input id="scrub" type="range" min="0" max="0" step="1" value="0" aria-label="Frame">
            </div>
            <div id="strip" class="strip" role="listbox" tabindex="0" aria-label="Frames" aria-orientation="horizontal">
              <div id="cells" class="cells" role="presentation"></div>
            </div>
          </div>

          <div class="facts">
            <section aria-labelledby="frame-facts-title">
              <h3 id="frame-facts-title">Frame</h3>
              <dl id="frame-facts"></dl>
            </section>
            <section aria-labelledby="job-facts-title">
              <h3 id="job-facts-title">Job</h3>
              <dl id="job-facts"></dl>
            </section>
          </div>
        </section>
        <p id="no-job" class="empty card">Nothing to show yet.</p>

        <section class="card" aria-labelledby="agents-title">
          <h2 id="agents-title">Agents</h2>
          <div class="scroll" tabindex="0" role="region" aria-labelledby="agents-title">
            <table>
              <thead><tr><th scope="col">Agent<th scope="col">State<th scope="col" class="number">Threads<th scope="col"
                class="number">In work<th scope="col" class="number">Units<th scope="col">Contributor</tr></thead>
              <tbody id="agents"></tbody>
            </table>
          </div>
          <p id="no-agents" class="empty" hidden>No agents. <code id="agent-command"></code> on any machine
            makes one.</p>
        </section>

        <section class="card" aria-labelledby="credits-title">
          <h2 id="credits-title">Credits</h2>
          <div class="scroll" tabindex="0" role="region" aria-labelledby="credits-title">
            <table>
              <thead><tr><th scope="col">Contributor<th scope="col" class="number">Units<th scope="col" class="number"
                >Rays<th scope="col" class="number">Paths<th scope="col" class="number">Shadings<th scope="col"
                class="number">Checks<th scope="col" class="number">Check rays</tr></thead>
              <tbody id="credits"></tbody>
            </table>
          </div>
          <p id="no-credits" class="empty" hidden>Nobody has earned credit yet.</p>
        </section>
      </main>
    </div>

    <dialog id="confirm" aria-labelledby="confirm-title">
      <form method="dialog">
        <h2 id="confirm-title">Cancel this job?</h2>
        <p>Work under way on <strong id="confirm-name" dir="auto"></strong> stops. Finished frames stay, and
          the job can be retried.</p>
        <div class="row end">
          <button value="keep">Keep it</button>
          <button value="cancel" class="danger">Cancel the job</button>
        </div>
      </form>
    </dialog>
    <p id="toast" class="toast" role="status" hidden></p>
    <script>
    """#

  private static let foot = #"""
    </script>
    </body>
    </html>
    """#
}
