// @looplab/mlflow: a typed client for the MLflow tracking server.
export {};
