/**
 * Symbols below something that MapLibre draws, as a person has arranged the layers; those above everything are the
 * overlay's.  Thousands in one draw call: a MapLibre custom layer with one instance a symbol.  The map is never
 * turned or tilted, so a symbol's place on the screen is its Mercator place, moved and scaled.  Places are kept
 * relative to a corner near by and the corner's own shift is worked out in double precision, so that symbols
 * stand still when zoomed in to a pier.
 */
import type { CustomLayerInterface, Map as MapLibre } from 'maplibre-gl';

import { TILE_PX } from './cluster';
import type { MapPoint } from './points';
import { CELL, cellColumns, type Sprites } from './sprites';

const FLOATS = 3;
const VERTEX = `#version 300 es
layout(location = 0) in vec3 symbol;  // x, y, cell
uniform vec2 shift;
uniform vec3 scale;  // pixels of the world, clip units a pixel across and down
uniform float columns;
out vec2 uv;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  vec2 off = (corner - 0.5) * ${CELL.toFixed(1)};
  vec2 px = floor((symbol.xy + shift) * scale.x + 0.5) + off;
  gl_Position = vec4(px.x * scale.y, -px.y * scale.z, 0.0, 1.0);
  vec2 cell = vec2(mod(symbol.z, columns), floor(symbol.z / columns));
  uv = (cell + corner) / columns;
}`;
const FRAGMENT = `#version 300 es
precision mediump float;
uniform sampler2D atlas;
in vec2 uv;
out vec4 colour;
void main() { colour = texture(atlas, uv); }`;

type Uniform = WebGLUniformLocation | null;
type Handles = { program: WebGLProgram; shift: Uniform; scale: Uniform; columns: Uniform; array: WebGLVertexArrayObject; buffer: WebGLBuffer; texture: WebGLTexture };

export class SymbolLayer implements CustomLayerInterface {
  readonly type = 'custom' as const;
  readonly renderingMode = '2d' as const;
  #map: MapLibre | null = null;
  #gl: Handles | null = null;
  #data = new Float32Array(1024 * FLOATS);
  #count = 0;
  #fresh = false;
  #revision = -1;
  #origin = { x: 0, y: 0 };

  constructor(
    readonly id: string,
    private readonly sprites: Sprites,
  ) {}

  /** What to draw from now on, last on top; `selected` gets a ring, movers a line along their course if `leaders`. */
  set(points: readonly MapPoint[], selected: string, leaders: boolean): void {
    const [first] = points;
    this.#origin = first ? { x: first.x, y: first.y } : this.#origin;
    if (this.#data.length < (points.length * 2 + 1) * FLOATS) this.#data = new Float32Array((points.length * 2 + 1) * 2 * FLOATS);
    this.#count = 0;
    for (const p of points) {
      if (leaders && p.course !== null) this.#put(p, this.sprites.leader(p.course));
      this.#put(p, this.sprites.of(p));
      if (p.id === selected) this.#put(p, this.sprites.ring());
    }
    this.#fresh = true;
    this.#map?.triggerRepaint();
  }

  #put(p: MapPoint, cell: number): void {
    const at = this.#count++ * FLOATS;
    this.#data[at] = p.x - this.#origin.x;
    this.#data[at + 1] = p.y - this.#origin.y;
    this.#data[at + 2] = cell;
  }

  onAdd(map: MapLibre, gl: WebGL2RenderingContext): void {
    this.#map = map;
    const program = linked(gl);
    const [array, buffer, texture] = [gl.createVertexArray(), gl.createBuffer(), gl.createTexture()];
    gl.bindVertexArray(array);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, FLOATS, gl.FLOAT, false, 0, 0);
    gl.vertexAttribDivisor(0, 1);
    gl.bindVertexArray(null);
    const [shift = null, scale = null, columns = null] = ['shift', 'scale', 'columns'].map((name) => gl.getUniformLocation(program, name));
    this.#gl = { program, shift, scale, columns, array, buffer, texture };
    this.#fresh = true;
    this.#revision = -1;
  }

  onRemove(_map: MapLibre, gl: WebGL2RenderingContext): void {
    if (this.#gl) {
      gl.deleteProgram(this.#gl.program);
      gl.deleteVertexArray(this.#gl.array);
      gl.deleteBuffer(this.#gl.buffer);
      gl.deleteTexture(this.#gl.texture);
    }
    this.#gl = this.#map = null;
  }

  render(gl: WebGL2RenderingContext): void {
    const [map, on] = [this.#map, this.#gl];
    if (!map || !on || !this.#count) return;
    gl.useProgram(on.program);
    this.#send(gl, on);
    const { clientWidth: width, clientHeight: height } = map.getCanvas();
    const { lng, lat } = map.getCenter();
    gl.uniform2f(on.shift, this.#origin.x - (lng + 180) / 360, this.#origin.y - mercatorOf(lat));
    gl.uniform3f(on.scale, TILE_PX * 2 ** map.getZoom(), 2 / width, 2 / height);
    gl.uniform1f(on.columns, cellColumns);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.bindVertexArray(on.array);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.#count);
    gl.bindVertexArray(null);
  }

  #send(gl: WebGL2RenderingContext, on: Handles): void {
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, on.texture);
    if (this.#revision !== this.sprites.revision) {
      gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
      gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, this.sprites.canvas);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
      this.#revision = this.sprites.revision;
    }
    if (!this.#fresh) return;
    gl.bindBuffer(gl.ARRAY_BUFFER, on.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, this.#data.subarray(0, this.#count * FLOATS), gl.DYNAMIC_DRAW);
    this.#fresh = false;
  }
}

function mercatorOf(lat: number): number {
  return 0.5 - Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / (2 * Math.PI);
}

function linked(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(kind);
    if (!shader) throw new Error('expected a WebGL shader; none came');
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(`expected a program that links; came: ${gl.getProgramInfoLog(program) ?? ''}`);
  return program;
}
