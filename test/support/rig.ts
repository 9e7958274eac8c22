export { startOrdersScenario as startRig, type OrdersScenario as Rig } from './scenario/orders.ts';
