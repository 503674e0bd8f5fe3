"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const scene = JSON.parse(byId("scene").textContent);
  const { Niivue, NVImage, NVMesh, SLICE_TYPE } = globalThis.niivue;
  const LAYOUTS = {
    multi: SLICE_TYPE.MULTIPLANAR, axial: SLICE_TYPE.AXIAL, coronal: SLICE_TYPE.CORONAL,
    sagittal: SLICE_TYPE.SAGITTAL, render: SLICE_TYPE.RENDER,
  };
  const TURN_DEG = 5;
  const LABEL_OPACITY = byId("label-opacity")?.value / 100;
  let view;

  function hasWebGL() {
    const context = document.createElement("canvas").getContext("webgl2");
    context?.getExtension("WEBGL_lose_context")?.loseContext();
    return Boolean(context);
  }

  async function inflate(base64) {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  /* Bytes of equal weight lie together, coordinate by coordinate: see preview.py. */
  function joinPlanes(bytes, n, itemSize) {
    const joined = new Uint8Array(n * itemSize);
    for (let plane = 0; plane < itemSize; plane += 1) {
      for (let i = 0; i < n; i += 1) joined[i * itemSize + plane] = bytes[plane * n + i];
    }
    return joined.buffer;
  }

  function readVertices(bytes, { vertices: n, low, high }) {
    const steps = new Uint16Array(joinPlanes(bytes, n * 3, 2));
    const points = new Float32Array(n * 3);
    for (let axis = 0; axis < 3; axis += 1) {
      const scale = (high[axis] - low[axis]) / 65535;
      for (let i = 0; i < n; i += 1) points[i * 3 + axis] = low[axis] + steps[axis * n + i] * scale;
    }
    return points;
  }

  function readFaces(bytes, { faces: n }) {
    const steps = new Int32Array(joinPlanes(bytes, n * 3, 4));
    const faces = new Uint32Array(n * 3);
    for (let i = 0, first = 0; i < n; i += 1) {
      first += steps[i];
      faces.set([first, first + steps[n + i], first + steps[2 * n + i]], i * 3);
    }
    return faces;
  }

  async function addSurfaces() {
    const meshes = [];
    for (const surface of scene.surfaces) {
      const bytes = await inflate(surface.data);
      const end = surface.vertices * 6;
      const points = readVertices(bytes.subarray(0, end), surface);
      const faces = readFaces(bytes.subarray(end), surface);
      const colour = new Uint8Array([...surface.colour, 255]);
      meshes.push(new NVMesh(points, faces, surface.name, colour, 1, !surface.encloses, view.gl));
    }
    view.meshes = meshes;
  }

  async function addImages() {
    view.addVolume(await NVImage.loadFromBase64({ base64: scene.image, name: "image.nii.gz", colormap: "gray", cal_min: 0, cal_max: 255 }));
    if (!scene.labels) return;
    const labels = await NVImage.loadFromBase64({ base64: scene.labels, name: "labels.nii.gz", opacity: LABEL_OPACITY });
    const column = (channel) => [0, ...scene.structures.map((each) => each.colour[channel])];
    labels.setColormapLabel({
      R: column(0), G: column(1), B: column(2),
      A: [0, ...scene.structures.map(() => 255)],
      I: [0, ...scene.structures.map((_, n) => n + 1)],
      labels: ["outside", ...scene.structures.map((each) => each.name)],
    });
    view.addVolume(labels);
  }

  const showsSurfaces = () => scene.surfaces.length > 0 && byId("surfaces-on").checked;

  /* The 3-D picture shows either the surfaces or, without them, the volume that would hide them. */
  function hideVolumeBehindSurfaces() {
    const drawVolume = view.drawImage3D.bind(view);
    view.drawImage3D = (...values) => { if (!showsSurfaces()) drawVolume(...values); };
  }

  function arrange() {
    const layout = document.querySelector("input[name=layout]:checked").value;
    document.querySelectorAll(".pick").forEach((box) => {
      view.meshes[box.value].visible = showsSurfaces() && box.checked;
    });
    view.setSliceType(LAYOUTS[layout]);
    byId("canvas").parentElement.classList.toggle("short", layout === "multi");
  }

  function showLocation(location) {
    byId("location").textContent = describe(location);
    [...view.scene.crosshairPos].forEach((share, axis) => {
      byId(`slice-${axis}`).value = Math.round((axis === 0 ? 1 - share : share) * 1000);
    });
  }

  function describe({ mm, values }) {
    const at = ["x", "y", "z"].map((name, n) => `${name} ${Math.round(mm[n]) + 0}`).join(", ");
    const value = Math.round(values[1]?.value ?? 0);
    return `${at} mm. ${value ? scene.structures[value - 1].name : ""}`;
  }

  function moveSlice(axis, share) {
    const position = [...view.scene.crosshairPos];
    position[axis] = axis === 0 ? 1 - share : share;
    view.scene.crosshairPos = position;
    view.createOnLocationChange();
    view.drawScene();
  }

  function turn(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!steps) return;
    event.preventDefault();
    const { renderAzimuth, renderElevation } = view.scene;
    view.setRenderAzimuthElevation(renderAzimuth + steps[0] * TURN_DEG, renderElevation + steps[1] * TURN_DEG);
  }

  function listen() {
    document.querySelectorAll("input[name=layout], .pick, #surfaces-on").forEach((input) => {
      input.addEventListener("change", arrange);
    });
    byId("label-opacity")?.addEventListener("input", (event) => view.setOpacity(1, event.target.value / 100));
    [0, 1, 2].forEach((axis) => {
      byId(`slice-${axis}`).addEventListener("input", (event) => moveSlice(axis, event.target.value / 1000));
    });
    byId("canvas").addEventListener("keydown", turn);
  }

  async function start() {
    byId("viewer").hidden = false;
    view = new Niivue({
      sliceType: SLICE_TYPE.AXIAL, backColor: [0, 0, 0, 1], crosshairColor: [0.55, 0.85, 0.9, 0.7], crosshairWidth: 0.6,
      dragAndDropEnabled: false, isRadiologicalConvention: true, sagittalNoseLeft: true,
      isOrientCube: false, multiplanarForceRender: true, logLevel: "error", scrollRequiresFocus: true,
      meshThicknessOn2D: 0, isCornerOrientationText: false, show3Dcrosshair: false, fontColor: [0.62, 0.7, 0.75, 1],
    });
    view.onLocationChange = showLocation;
    hideVolumeBehindSurfaces();
    await view.attachToCanvas(byId("canvas"));
    await addImages();
    await addSurfaces();
    Object.assign(view.scene, { renderAzimuth: 145, renderElevation: 15, volScaleMultiplier: 1.3 });
    listen();
    arrange();
    view.createOnLocationChange();
    byId("viewer-message").hidden = true;
    byId("fallback").hidden = true;
    byId("viewer").dataset.ready = "true";
  }

  function fall(reason) {
    byId("viewer").hidden = true;
    byId("fallback").hidden = false;
    byId("viewer-message").hidden = false;
    byId("viewer-message").textContent = reason;
  }

  function startOrFall() {
    start().catch((error) => fall(`The interactive view could not start (${error.message}). These pictures show the same surfaces.`));
  }

  if (!hasWebGL()) {
    fall("This browser has no WebGL 2, so the interactive view is replaced by these pictures.");
    return;
  }
  byId("viewer-message").textContent = "The interactive view starts when you reach it.";
  const near = new IntersectionObserver((entries, observer) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    startOrFall();
  }, { rootMargin: "400px" });
  near.observe(byId("explore"));
})();
