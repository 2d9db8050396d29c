// The spec as a form, laid out by the rules of Airbyte's connector specification reference: a card for each
// group, in each card the required options and those with always_show by their order, and the others folded.

import Form from "@rjsf/core";
import validator from "@rjsf/validator-ajv8";
import { createRoot } from "react-dom/client";

import "./form.css";

const { spec } = window;

// Last come those without an order, as Airbyte has it.
const place = (schema) => schema.order ?? Infinity;
const inOrder = (properties) =>
  Object.keys(properties).sort((a, b) => place(properties[a]) - place(properties[b]) || a.localeCompare(b));

/** The schema as Airbyte's form reads it; the platform knows two things otherwise than plain JSON Schema. */
function asAirbyteReads(schema) {
  const { properties, ...read } = schema;
  // Of a choice of several, each can be chosen once.
  if (read.type === "array" && read.items.enum) read.uniqueItems = true;
  // Where there is a pattern it alone decides: a whole date is a fair "date-time".
  if (read.pattern) delete read.format;
  if (properties) {
    const inner = Object.entries(properties).map(([name, property]) => [name, asAirbyteReads(property)]);
    read.properties = Object.fromEntries(inner);
  }
  return read;
}

/** How each option is asked for. */
function widgets(schema) {
  const ui = {};
  if (schema.airbyte_hidden) ui["ui:widget"] = "hidden";
  else if (schema.airbyte_secret) ui["ui:widget"] = "password";
  else if (schema.type === "array" && schema.items.enum) {
    ui["ui:widget"] = "checkboxes";
    ui["ui:options"] = { inline: true };
  }
  else if (schema.type === "array") ui["ui:options"] = { orderable: false };
  if (schema.pattern_descriptor) ui["ui:placeholder"] = schema.pattern_descriptor;
  else if (schema.type === "string" && schema.examples) ui["ui:placeholder"] = String(schema.examples[0]);
  if (schema.properties) {
    ui["ui:order"] = inOrder(schema.properties);
    for (const [name, property] of Object.entries(schema.properties)) ui[name] = widgets(property);
  }
  return ui;
}

const Fold = ({ title, children }) => (
  <details>
    <summary>{title}</summary>
    {children}
  </details>
);

function Card({ title, fields, schema }) {
  const shows = ({ name }) => schema.required?.includes(name) || schema.properties[name].always_show;
  const folded = fields.filter((field) => !shows(field));
  return (
    <section className="card">
      {title && <h2>{title}</h2>}
      {fields.filter(shows).map((field) => field.content)}
      {folded.length > 0 && <Fold title="Optional fields">{folded.map((field) => field.content)}</Fold>}
    </section>
  );
}

function ObjectTemplate({ schema, title, description, properties, fieldPathId }) {
  if (fieldPathId.path.length > 0) {
    return (
      <Fold title={title}>
        <p>{description}</p>
        {properties.map((field) => field.content)}
      </Fold>
    );
  }
  const known = schema.groups ?? [];
  const groupOf = ({ name }) => schema.properties[name].group;
  const unlisted = [...new Set(properties.map(groupOf))].filter((id) => !known.some((group) => group.id === id));
  const groups = [...known, ...unlisted.sort().map((id) => ({ id }))];
  return groups
    .map((group) => ({ ...group, fields: properties.filter((field) => groupOf(field) === group.id) }))
    .filter(({ fields }) => fields.length > 0)
    .map(({ id, title, fields }) => <Card key={id ?? ""} title={title} fields={fields} schema={schema} />);
}

// The library's own buttons are icons of a font that is not here.
const AddButton = ({ id, onClick }) => <button type="button" id={id} onClick={onClick}>Add</button>;
const RemoveButton = ({ id, onClick }) => <button type="button" id={id} onClick={onClick}>Remove</button>;

/** A pattern says nothing to a person; its descriptor does. */
function inWords(errors) {
  return errors.map((error) => {
    const [, ...path] = error.property.split(".");
    const descriptor = path.reduce((schema, name) => schema?.properties?.[name], spec)?.pattern_descriptor;
    return error.name === "pattern" && descriptor ? { ...error, message: `must look like ${descriptor}` } : error;
  });
}

createRoot(document.getElementById("form")).render(
  <Form
    schema={asAirbyteReads(spec)}
    uiSchema={widgets(spec)}
    validator={validator}
    templates={{ ObjectFieldTemplate: ObjectTemplate, ButtonTemplates: { AddButton, RemoveButton } }}
    transformErrors={inWords}
    showErrorList={false}
    noHtml5Validate
    // Each error stands at its field; without this the library also calls it a fault of the page.
    onError={() => {}}
    // Read by fill.mjs.
    onSubmit={({ formData }) => (window.submitted = formData)}
  />,
);
