"""A feed small enough to read: one sound set of files that each test spoils in one place."""

from pathlib import Path

from feeds.limits import Limits
from feeds.mapping import Mapping
from feeds.mapping_text import parse_mapping
from feeds.reading import read
from feeds.result import FeedResult
from ontology.columns import Snapshot

MAPPING = """
format: evenkeel-mapping/1
chain: small
source: erp
version: 1
known: [Item, Location, Supplier]
constants:
  - class: SupplyChain
    fields: {id: {constant: small}}
files:
  - {file: items.csv, optional: true, principal: {class: Item, fields: by_header}}
  - {file: locations.csv, optional: true, principal: {class: Location, fields: by_header}}
  - {file: docks.csv, optional: true, principal: {class: SharedResource, fields: by_header}}
  - {file: trucks.csv, optional: true, principal: {class: TruckLoad, fields: by_header}}
  - {file: lanes.csv, optional: true, principal: {class: Lane, fields: by_header}}
  - {file: stock.csv, optional: true, principal: {class: StockPosition, fields: by_header}}
  - {file: packs.csv, optional: true, principal: {class: UnitConversion, fields: by_header}}
  - {file: parts.csv, optional: true, principal: {class: Component, fields: by_header}}
  - {file: upstream.csv, optional: true, principal: {class: UpstreamSupply, fields: by_header}}
  - {file: pallets.csv, optional: true, principal: {class: HandlingUnit, fields: by_header}}
  - {file: swaps.csv, optional: true, principal: {class: Substitute, fields: by_header}}
  - {file: customers.csv, optional: true, principal: {class: Customer, fields: by_header}}
  - {file: policies.csv, optional: true, principal: {class: StockingPolicy, fields: by_header}}
  - {file: backlog.csv, optional: true, principal: {class: Backlog, fields: by_header}}
  - {file: suppliers.csv, optional: true, principal: {class: Supplier, fields: by_header}}
  - {file: offers.csv, optional: true, principal: {class: Offer, fields: by_header}}
  - {file: seen.csv, optional: true, principal: {class: DemandObservation, fields: by_header}}
  - {file: calendars.csv, optional: true, principal: {class: Calendar, fields: by_header}}
  - {file: people.csv, optional: true, principal: {class: Person, fields: by_header}}
  - file: lots.csv
    optional: true
    principal:
      class: Lot
      fields:
        id: {template: "{Batch}-{Plant}"}
        item: Product
  - file: orders.csv
    principal:
      class: SalesOrder
      fields:
        id: Order
        item: Product
        customer: Customer
        quantity_units: Quantity
        ordered_on: {column: Day, as: date, format: m/d/yy, pivot: 70}
        due_on: {column: Due, as: date, format: m/d/yyyy, missing: [12/31/9999, never]}
        weight_micrograms:
          {column: weight, as: decimal, factor: 1000000000, sign: $, thousands: ","}
        service: {column: Service, as: enum, values: {FAST: fast, SLOW: slow}}
    derived:
      - class: Customer
        when: Customer
        fields: {id: Customer, country: Land}
"""
HEADER = "Order,Product,Customer,Land,Quantity,Day,Due,weight,Service\n"
ORDER = "O1,widget,ACME,DE,5,5/26/13,,14.3,FAST\n"
SOUND = {
    "items.csv": "id,base_unit\nwidget,each\ngadget,each\n",
    "locations.csv": "id,part_of\nregion,\nnorth,region\nsouth,region\n",
    "orders.csv": HEADER + ORDER,
}


def small_mapping() -> Mapping:
    """The mapping above."""
    return parse_mapping(MAPPING.encode(), "small.yaml")


def write(folder: Path, files: dict[str, str | bytes]) -> list[Path]:
    """The sound files, replaced and added to by `files`, in a folder."""
    both: dict[str, str | bytes] = {**SOUND, **files}
    for name, content in both.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
    return [folder / name for name in both]


def read_small(
    folder: Path,
    files: dict[str, str | bytes],
    limits: Limits | None = None,
    present: Snapshot | None = None,
) -> FeedResult:
    """The sound feed with some files replaced, read through the mapping above."""
    paths = write(folder, files)
    return read(paths, small_mapping(), limits=limits or Limits(), present=present)
