'use strict';
(() => {
  const study = JSON.parse(document.getElementById('data').textContent);
  const $ = (id) => document.getElementById(id);
  const REST = 0.35;  // seconds between two loops, so that the beginning is seen

  // A generator with a seed that stands in the answers: the order can be made again (mulberry32).
  const seed = crypto.getRandomValues(new Uint32Array(2));
  const rater = [...seed].map((word) => word.toString(16).padStart(8, '0')).join('');
  let state = seed[0];
  const random = () => {
    state = (state + 0x6D2B79F5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const shuffled = (items) => {
    const made = [...items];
    for (let i = made.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [made[i], made[j]] = [made[j], made[i]];
    }
    return made;
  };
  // Sides are balanced: over all pairs, a stands on the left as often as b, or once more.
  const half = random() < 0.5 ? Math.ceil : Math.floor;
  const sides = shuffled(study.trials.map((_, i) => (i < half(study.trials.length / 2) ? 'a' : 'b')));
  const order = shuffled(study.trials).map((trial, i) => ({...trial, left: sides[i], right: sides[i] === 'a' ? 'b' : 'a'}));

  const answers = [];
  const started = new Date().toISOString();
  let place = -1, shown = null, saved = true, speed = 0.5, paused = false;

  const picture = (clip) => new Promise((done, failed) => {
    const image = new Image();
    image.onload = () => done(image);
    image.onerror = () => failed(new Error('a clip cannot be decoded'));
    image.src = clip.image;
  });
  const panels = [[$('driver'), 'driver'], [$('left').firstElementChild, 'left'], [$('right').firstElementChild, 'right']];

  const draw = (frame) => panels.forEach(([canvas, role]) => {
    const {clip, image} = shown[role];
    const n = Math.min(frame, clip.frames - 1), s = clip.side;
    if (canvas.width !== s) canvas.width = canvas.height = s;
    canvas.getContext('2d').drawImage(image, (n % clip.columns) * s, Math.floor(n / clip.columns) * s, s, s, 0, 0, s, s);
  });

  const tick = (now) => {
    if (shown) {
      const step = Math.min((now - shown.last) / 1000, 0.1);
      shown.last = now;
      if (!paused) {
        shown.time += step * speed;
        const length = shown.driver.clip.frames / shown.driver.clip.fps;
        if (shown.time > length + REST * speed) { shown.time = 0; shown.loops += 1; allow(); }
        draw(Math.floor(Math.min(shown.time, length - 1e-6) * shown.driver.clip.fps));
      }
    }
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);

  const allow = () => ['left', 'right'].forEach((side) => $(side).setAttribute('aria-disabled', shown && shown.loops > 0 ? 'false' : 'true'));

  const next = async () => {
    shown = null;
    place += 1;
    allow();
    if (place >= order.length) return finish();
    const trial = order[place];
    const clips = {driver: study.clips[trial.driver], left: study.clips[trial[trial.left]], right: study.clips[trial[trial.right]]};
    const names = Object.keys(clips);
    const images = await Promise.all(names.map((name) => picture(clips[name])));
    shown = {trial, loops: 0, time: 0, last: performance.now(), begun: performance.now()};
    names.forEach((name, i) => { shown[name] = {clip: clips[name], image: images[i]}; });
    draw(0);
    $('where').textContent = `Pair ${place + 1} of ${order.length}`;
    document.body.dataset.trial = trial.id;
  };

  const choose = (side) => {
    if (!shown || shown.loops < 1) return;
    const {trial} = shown;
    answers.push({trial: trial.id, left: trial.left, chosen: trial[side], ms: Math.round(performance.now() - shown.begun), loops: shown.loops, speed});
    saved = false;
    next();
  };

  const finish = () => {
    delete document.body.dataset.trial;
    $('trial').hidden = true;
    $('end').hidden = false;
    $('end').querySelector('h2').focus();
  };

  const save = () => {
    const value = {schema_version: study.schema_version, study: study.study, rater, experience: $('experience').value, started, saved: new Date().toISOString(), answers};
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([JSON.stringify(value, null, 1) + '\n'], {type: 'application/json'}));
    link.download = `answers-${study.study}-${rater}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    saved = true;
  };

  const pause = () => {
    paused = !paused;
    $('pause').setAttribute('aria-pressed', String(paused));
    $('pause').textContent = paused ? 'Play' : 'Pause';
  };
  const setSpeed = (input) => { input.checked = true; speed = Number(input.value); };
  const speeds = [...document.querySelectorAll('input[name=speed]')];

  $('start').addEventListener('click', () => {
    $('intro').hidden = true;
    $('trial').hidden = false;
    $('where').focus();
    next();
  });
  $('left').addEventListener('click', () => choose('left'));
  $('right').addEventListener('click', () => choose('right'));
  $('pause').addEventListener('click', pause);
  $('save').addEventListener('click', save);
  $('save-now').addEventListener('click', save);
  speeds.forEach((input) => input.addEventListener('change', () => setSpeed(input)));
  addEventListener('keydown', (event) => {
    if ($('trial').hidden || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const onControl = event.target.closest('button, input');
    if (event.key === 'ArrowLeft' && event.target.name !== 'speed') choose('left');
    else if (event.key === 'ArrowRight' && event.target.name !== 'speed') choose('right');
    else if (event.key === ' ' && !onControl) pause();
    else if ('123'.includes(event.key)) setSpeed(speeds[Number(event.key) - 1]);
    else return;
    event.preventDefault();
  });
  addEventListener('beforeunload', (event) => { if (!saved) event.preventDefault(); });
})();
